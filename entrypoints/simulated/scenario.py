"""What a simulated shim is asked to do wrong, as data."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from returns.result import Failure, Result, Success

from sim.choices import SETUP
from sim.faults import CATALOGUE, Fault, Faults

NONE: Final = "none"
ALL: Final = "all"
SOME: Final = "some"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`faults` None: the seed draws which; `faults_end_s`: in the world's time."""

    seed: int
    faults: tuple[Fault, ...] | None = ()
    crashes: int = 0
    faults_end_s: float | None = None


def chosen_faults(text: str) -> Result[tuple[Fault, ...] | None, str]:
    """`none`, `all`, `some`, or numbers with or without a rate: `F58,F94=1`."""
    match text:
        case "none" | "":
            return Success(())
        case "all":
            return Success(CATALOGUE)
        case "some":
            return Success(None)
    chosen: list[Fault] = []
    for word in text.split(","):
        named = _named(word.strip())
        if isinstance(named, str):
            return Failure(named)
        chosen += named
    return Success(tuple(chosen))


def _named(word: str) -> Sequence[Fault] | str:
    """All lines of the catalogue with that number; why not."""
    number, equals, text = word.partition("=")
    found = [fault for fault in CATALOGUE if fault.number == number]
    if not found:
        known = dict.fromkeys(fault.number for fault in CATALOGUE)
        numbers = ", ".join(sorted(known, key=lambda each: int(each.removeprefix("F"))))
        return f"no fault is called {number!r}; there are {numbers}, and {NONE}, {SOME}, {ALL}"
    if not equals:
        return found
    try:
        rate = float(text)
    except ValueError:
        rate = -1.0
    if not 0.0 <= rate <= 1.0:
        return f"{word}: a rate is a number from 0 to 1, as in {number}=0.5"
    return [replace(fault, rate=rate) for fault in found]


def switch_on(faults: Faults, scenario: Scenario) -> None:
    """Gives a world the scenario's faults."""
    if scenario.faults is None:
        faults.draw_some(CATALOGUE)
        faults.choices.by = SETUP
        return
    for fault in scenario.faults:
        faults.active[fault.at] = (*faults.active.get(fault.at, ()), (fault.name, fault))
