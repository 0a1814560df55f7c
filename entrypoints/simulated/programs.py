"""What a simulated program does: its environment says so, since nothing of it is really run.

    SIM_EXIT=3          it ends with 3 (0 to 255; 0 if nothing is said)
    SIM_RUNS=2s         it runs so long: 500ms, 2s, 1m; `forever`, until it is killed;
                        `input`, until its standard input ends
    SIM_OUTPUT=text     a line that it writes to its standard output when it begins
    SIM_ERRORS=text     the same for its standard error
    SIM_ECHO=1          what it reads it writes, like cat(1)
    SIM_TERM=7          it ends with 7 when TERM comes (0 if nothing is said); `ignore`: it does not
    SIM_MISSING=1       there is no such program

An init of which nothing is said runs until it is killed, as a pause container does; with
SIM_EXIT, SIM_OUTPUT or SIM_ERRORS alone it ends at once. An exec looks for the same words with
SIM_EXEC_ in front, as clients give it its container's environment, and ends at once by default.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from returns.result import Failure, Result, Success

from sim.world.kernel import Program
from sim.world.runc import MISSING, args_of

INIT: Final = "SIM_"
EXEC: Final = "SIM_EXEC_"
STATUS_MAX: Final = 255

_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Script:
    """One program. `runs_s` None: until it is killed, or its input ends."""

    exits: int = 0
    runs_s: float | None = None
    until_input_ends: bool = False
    on_term: int | None = 0
    output: str = ""
    errors: str = ""
    echoes: bool = False
    is_missing: bool = False

    def args(self) -> tuple[str, ...]:
        """The command line that means it in the simulated world."""
        if self.is_missing:
            return (MISSING,)
        return args_of(Program(self.exits, self.runs_s, self.on_term))


class Misspoken(ValueError):  # noqa: N818 - says what is the matter
    """A variable whose value means nothing."""


FOREVER: Final = Script()
AT_ONCE: Final = Script(runs_s=0.0)


def init_script(environment: Iterable[str]) -> Result[Script, str]:
    """Of a container; why not, in words, where a variable makes no sense."""
    said = {
        name: value
        for name, value in _said(environment, INIT).items()
        if not f"{INIT}{name}".startswith(EXEC)
    }
    brief = said.keys() & {"EXIT", "OUTPUT", "ERRORS"}
    return _script(said, AT_ONCE if brief else FOREVER, INIT)


def exec_script(environment: Iterable[str]) -> Result[Script, str]:
    """The same of an exec."""
    return _script(_said(environment, EXEC), AT_ONCE, EXEC)


def _said(environment: Iterable[str], prefix: str) -> dict[str, str]:
    variables = (each.partition("=") for each in environment if each.startswith(prefix))
    return {name.removeprefix(prefix): value for name, _, value in variables}


def _script(said: Mapping[str, str], script: Script, prefix: str) -> Result[Script, str]:
    for name, value in said.items():
        change = WORDS.get(name)
        if change is None:
            known = ", ".join(f"{prefix}{each}" for each in WORDS)
            return Failure(f"{prefix}{name} means nothing to a simulated program; known: {known}")
        try:
            script = change(script, value)
        except Misspoken as why:
            return Failure(f"{prefix}{name}={value}: {why}")
    return Success(script)


def _status(text: str) -> int:
    if not text.isdecimal() or int(text) > STATUS_MAX:
        raise Misspoken(f"a number from 0 to {STATUS_MAX} is wanted")
    return int(text)


def _runs(script: Script, text: str) -> Script:
    if text in {"forever", "input"}:
        return replace(script, runs_s=None, until_input_ends=text == "input")
    found = _TIME.fullmatch(text)
    if found is None:
        raise Misspoken("a time such as 500ms, 2s or 1m is wanted, or `forever`, or `input`")
    return replace(script, runs_s=float(found[1]) * _SECONDS[found[2]])


def _on_term(script: Script, text: str) -> Script:
    return replace(script, on_term=None if text == "ignore" else _status(text))


def _yes(text: str) -> bool:
    if text not in {"0", "1"}:
        raise Misspoken("0 or 1 is wanted")
    return text == "1"


# A new word is a line here.
WORDS: Final[Mapping[str, Callable[[Script, str], Script]]] = {
    "EXIT": lambda script, text: replace(script, exits=_status(text)),
    "RUNS": _runs,
    "OUTPUT": lambda script, text: replace(script, output=f"{text}\n"),
    "ERRORS": lambda script, text: replace(script, errors=f"{text}\n"),
    "ECHO": lambda script, text: replace(script, echoes=_yes(text)),
    "TERM": _on_term,
    "MISSING": lambda script, text: replace(script, is_missing=_yes(text)),
}
