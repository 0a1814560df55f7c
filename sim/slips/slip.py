"""A slip of a hand in one line of the rules, and how it gets there: everything else stays.

A function keeps its identity and has other code for a while, so whoever imported it by name
makes the mistake, too. A constant, or a row of a table, is changed wherever it is known.
"""

import ast
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import EnumMeta
from functools import cache, partial
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

import domain
from sim.slips.edits import Edit, Function, edits

# Protocols: what is written there never runs.
NO_RULES: Final = "domain.ports"
# What a function answers when it is called: itself, a generator, or a coroutine.
OF_ITS_KIND: Final = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR


@dataclass(frozen=True, slots=True)
class Slip:
    """`where`: the module, what in it, and the line."""

    where: str
    what: str
    made: Callable[[], AbstractContextManager[None]]

    def __str__(self) -> str:
        return f"{self.where}  {self.what}"


@cache
def every_slip() -> tuple[Slip, ...]:
    """All that there is a kind of, in every rule and table; in the order of the files."""
    return tuple(_slips())


def _slips() -> Iterator[Slip]:
    for found in pkgutil.walk_packages(domain.__path__, "domain."):
        if found.name.startswith(NO_RULES) or found.ispkg:
            continue
        module = import_module(found.name)
        for node in ast.parse(inspect.getsource(module)).body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    yield from _in_function(module, module, node)
                case ast.ClassDef():
                    for part in node.body:
                        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                            yield from _in_function(module, vars(module)[node.name], part)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                    yield from _in_constant(module, name, node.lineno)
                case _:
                    pass


def _in_function(module: ModuleType, owner: object, node: Function) -> Iterator[Slip]:
    rule = _function(vars(owner)[node.name])
    if rule is None:
        return
    enums = {
        name: tuple(value.__members__)
        for name, value in vars(module).items()
        if isinstance(value, EnumMeta)
    }
    # What decorates it stays with the function; only its code is exchanged.
    node.decorator_list = []
    where = node.name if owner is module else f"{getattr(owner, '__name__', '')}.{node.name}"
    for edit in edits(node, enums):
        code = _compiled(edit, node, rule)
        if code is not None:
            yield Slip(
                f"{module.__name__}:{edit.line} {where}",
                edit.what,
                partial(_other_code, rule, code),
            )


def _function(value: Any) -> FunctionType | None:
    """What is decorated, too, as long as what it wraps can be found."""
    match value:
        case staticmethod() | classmethod():
            value = value.__func__
        case property():
            value = value.fget
        case _:
            pass
    value = inspect.unwrap(value)
    return value if isinstance(value, FunctionType) else None


def _compiled(edit: Edit, node: Function, rule: FunctionType) -> CodeType | None:
    """None: with other free variables, or as no generator any more, it cannot take the place."""
    tree = ast.Module(body=[edit.made(node)], type_ignores=[])
    whole = compile(tree, rule.__code__.co_filename, "exec", dont_inherit=True)
    code = next(
        each for each in whole.co_consts if isinstance(each, CodeType) and each.co_name == node.name
    )
    return code if _kind(code) == _kind(rule.__code__) else None


def _kind(code: CodeType) -> tuple[tuple[str, ...], int]:
    return code.co_freevars, code.co_flags & OF_ITS_KIND


@contextmanager
def _other_code(rule: FunctionType, code: CodeType) -> Iterator[None]:
    honest = rule.__code__
    rule.__code__ = code
    try:
        yield
    finally:
        rule.__code__ = honest


def _in_constant(module: ModuleType, name: str, line: int) -> Iterator[Slip]:
    value = vars(module)[name]
    for what, another in _others(value):
        yield Slip(
            f"{module.__name__}:{line} {name}",
            what,
            partial(_other_value, name, value, another),
        )


def _others(value: object) -> Iterator[tuple[str, object]]:
    match value:
        case bool():
            yield f"{not value}", not value
        case int() | float():
            for another in (value + 1, value * 10, 0) if value else (1,):
                yield f"{another} for {value}", another
        case Mapping():
            for key in value:
                yield f"no {key}", {each: of for each, of in value.items() if each != key}
        case frozenset():
            for member in sorted(value, key=repr):
                yield f"no {member}", value - {member}
        case _:
            pass


@contextmanager
def _other_value(name: str, honest: object, another: object) -> Iterator[None]:
    """In every rule that knows it by its name; whoever judges keeps the honest one."""
    places = [
        module
        for known, module in tuple(sys.modules.items())
        if known.startswith("domain.") and vars(module).get(name) is honest
    ]
    for module in places:
        setattr(module, name, another)
    try:
        yield
    finally:
        for module in places:
            setattr(module, name, honest)
