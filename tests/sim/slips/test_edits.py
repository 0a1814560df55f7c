"""What a hand may get wrong: each kind is found where it can be, and changes just that."""

import ast

import pytest

from sim.slips.edits import Function, edits

ENUMS = {"Phase": ("CREATED", "EXITED")}


def function(body: str) -> Function:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    found = ast.parse(f"async def rule():\n{lines}").body[0]
    assert isinstance(found, ast.AsyncFunctionDef)
    return found


def slips(body: str) -> dict[str, str]:
    """What is wrong, and how the body reads then."""
    rule = function(body)
    return {
        each.what: "\n".join(ast.unparse(line) for line in each.made(rule).body)
        for each in edits(rule, ENUMS)
    }


@pytest.mark.parametrize(
    ("body", "what", "reads"),
    [
        ("first()\nsecond()", "gone: first()", "pass\nsecond()"),
        ("first()\nsecond()", "in the wrong order: first() | second()", "second()\nfirst()"),
        ("if held: go()", "always: held", "if True:\n    go()"),
        ("if held: go()", "never: held", "if False:\n    go()"),
        ("while held: go()", "never: held", "while False:\n    go()"),
        ("return a and b", "without a: a and b", "return True and b"),
        ("return a or b or c", "without b: a or b or c", "return False or a or c"),
        ("return a < b", "turned: a < b", "return a <= b"),
        ("return a is None", "turned: a is None", "return a is not None"),
        ("return [a for a in b if a]", "no filter: for a in b if a", "return [a for a in b]"),
        ("go(True)", "False for True", "go(False)"),
        ("go(7)", "8 for 7", "go(8)"),
        ("await go()", "no await: go()", "go()"),
        ("return a or not b", "no not: b", "return a or b"),
        ("go(await b)", "no await: b", "go(b)"),
        ("go(Phase.EXITED)", "CREATED for Phase.EXITED", "go(Phase.CREATED)"),
    ],
)
def test_a_kind_of_slip(body: str, what: str, reads: str) -> None:
    assert slips(body)[what] == reads


@pytest.mark.parametrize("body", ["'a sentence'", "pass", "go(Other.EXITED)", "go('text')"])
def test_where_there_is_nothing_to_get_wrong_there_is_no_slip_inside(body: str) -> None:
    assert not [what for what in slips(body) if not what.startswith("gone: go")]


def test_what_follows_a_return_is_not_put_before_it() -> None:
    assert not [what for what in slips("return\ngo()") if what.startswith("in the wrong order")]


def test_the_rule_itself_stays_as_it_was() -> None:
    rule = function("first()\nif held:\n    await second(1)")
    before = ast.unparse(rule)
    for each in edits(rule, ENUMS):
        each.made(rule)
    assert ast.unparse(rule) == before
