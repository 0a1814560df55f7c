"""What a hand may get wrong in one line: each kind of slip finds its places in a syntax tree."""

import ast
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
# In a copy of the node: only there is anything changed.
Change: TypeAlias = Callable[[Any], None]
BODIES: Final = ("body", "orelse", "finalbody")
TURNED: Final[Mapping[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Edit:
    """`at`: which node of the function, in the order of `ast.walk`."""

    what: str
    line: int
    at: int
    change: Change

    def made(self, function: Function) -> Function:
        """The function with that slip in it."""
        slipped = deepcopy(function)
        self.change(tuple(ast.walk(slipped))[self.at])
        return ast.fix_missing_locations(slipped)


def edits(function: Function, enums: Mapping[str, tuple[str, ...]]) -> Iterator[Edit]:
    """Every slip in it that there is a kind of. `enums`: their members, by the names they go by."""
    for at, node in enumerate(ast.walk(function)):
        for found in (*(kind(node) for kind in KINDS), _another_member(node, enums)):
            for what, line, change in found:
                yield Edit(what, line, at, change)


Found: TypeAlias = Iterator[tuple[str, int, Change]]


def _gone(node: ast.AST) -> Found:
    for field, place, statement in _statements(node):

        def change(copy: Any, field: str = field, place: int = place) -> None:
            getattr(copy, field)[place] = ast.Pass()

        yield f"gone: {_head(statement)}", statement.lineno, change


def _in_the_wrong_order(node: ast.AST) -> Found:
    for (field, place, first), (also, _, second) in pairwise(_statements(node)):
        if field != also or isinstance(first, ast.Return | ast.Raise | ast.Continue | ast.Break):
            continue

        def change(copy: Any, field: str = field, place: int = place) -> None:
            body = getattr(copy, field)
            body[place], body[place + 1] = body[place + 1], body[place]

        yield f"in the wrong order: {_head(first)} | {_head(second)}", first.lineno, change


def _always(node: ast.AST) -> Found:
    """A check that always holds; of a loop it would be one without end."""
    if isinstance(node, ast.If | ast.IfExp):
        yield f"always: {ast.unparse(node.test)}", node.lineno, _test(True)


def _never(node: ast.AST) -> Found:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"never: {ast.unparse(node.test)}", node.lineno, _test(False)


def _test(value: bool) -> Change:  # noqa: FBT001 (it is the constant that is put in)
    def change(copy: Any) -> None:
        copy.test = ast.Constant(value)

    return change


def _an_operand_too_few(node: ast.AST) -> Found:
    if not isinstance(node, ast.BoolOp):
        return
    for place, operand in enumerate(node.values):

        def change(copy: Any, place: int = place) -> None:
            del copy.values[place]
            # Neutral, since what is left may be one alone.
            copy.values.insert(0, ast.Constant(isinstance(copy.op, ast.And)))

        yield f"without {ast.unparse(operand)}: {ast.unparse(node)}", operand.lineno, change


def _turned(node: ast.AST) -> Found:
    """A comparison the other way round, or with its boundary on the other side."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:

        def change(copy: Any) -> None:
            copy.ops = [TURNED[type(copy.ops[0])]()]

        yield f"turned: {ast.unparse(node)}", node.lineno, change


def _no_filter(node: ast.AST) -> Found:
    if isinstance(node, ast.comprehension) and node.ifs:

        def change(copy: Any) -> None:
            copy.ifs = []

        yield f"no filter:{ast.unparse(node)}", node.ifs[0].lineno, change


def _another_constant(node: ast.AST) -> Found:
    if not isinstance(node, ast.Constant) or not isinstance(node.value, bool | int | float):
        return
    another = (not node.value) if isinstance(node.value, bool) else node.value + 1

    def change(copy: Any) -> None:
        copy.value = another

    yield f"{another} for {node.value}", node.lineno, change


def _another_member(node: ast.AST, enums: Mapping[str, tuple[str, ...]]) -> Found:
    """The next one of its enum."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=member) if member in enums.get(name, ()):
            members = enums[name]
            another = members[(members.index(member) + 1) % len(members)]

            def change(copy: Any) -> None:
                copy.attr = another

            yield f"{another} for {name}.{member}", node.lineno, change


def _bare(node: ast.AST) -> Found:
    """Without its `await`, or without its `not`."""
    for field, place, value in _values(node):
        match value:
            case ast.Await(value=inner):
                what = "no await"
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                what = "no not"
            case _:
                continue

        def change(copy: Any, field: str = field, place: int | None = place) -> None:
            of = getattr(copy, field)
            wrapped = of if place is None else of[place]
            bare = wrapped.value if isinstance(wrapped, ast.Await) else wrapped.operand
            if place is None:
                setattr(copy, field, bare)
            else:
                of[place] = bare

        yield f"{what}: {ast.unparse(inner)}", inner.lineno, change


KINDS: Final[tuple[Callable[[ast.AST], Found], ...]] = (
    _gone,
    _in_the_wrong_order,
    _always,
    _never,
    _an_operand_too_few,
    _turned,
    _no_filter,
    _another_constant,
    _bare,
)


def _values(node: ast.AST) -> Iterator[tuple[str, int | None, Any]]:
    """Whatever it holds: in which field, and at which place where that is a list."""
    for field, value in ast.iter_fields(node):
        if isinstance(value, list):
            yield from ((field, place, each) for place, each in enumerate(value))
        else:
            yield field, None, value


def _statements(node: ast.AST) -> Iterator[tuple[str, int, ast.stmt]]:
    """All that do something, of each of its bodies."""
    for field in BODIES:
        body = getattr(node, field, None)
        if not isinstance(body, list):
            continue  # a lambda's and a conditional expression's are no statements
        for place, statement in enumerate(body):
            if isinstance(statement, ast.stmt) and not _is_idle(statement):
                yield field, place, statement


def _is_idle(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)


def _head(statement: ast.stmt) -> str:
    return ast.unparse(statement).splitlines()[0]
