"""A part of the catalogue, as a person names it."""

from typing import Final

from returns.result import Failure, Result, Success

from sim.faults import CATALOGUE, Fault

ALL: Final = "all"
NONE: Final = "none"


def selected(text: str) -> Result[tuple[Fault, ...], str]:
    """`all`, `none`, or numbers: `F87,F90`. Fails with a sentence that says what there is."""
    if text == ALL:
        return Success(CATALOGUE)
    if text == NONE:
        return Success(())
    wanted = [number.strip() for number in text.split(",")]
    known = {fault.number for fault in CATALOGUE}
    unknown = [number for number in wanted if number not in known]
    if unknown:
        there_is = ", ".join(sorted(known, key=lambda number: int(number[1:])))
        return Failure(f"no fault {', '.join(unknown)}; there are all, none, and {there_is}")
    return Success(tuple(fault for fault in CATALOGUE if fault.number in wanted))
