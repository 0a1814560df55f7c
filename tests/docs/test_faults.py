"""The page of faults and invariants says where each of them is."""

import re
from pathlib import Path
from typing import Final

from sim.faults import CATALOGUE
from sim.invariants import INVARIANTS

PAGE: Final = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
ROWS: Final = dict(re.findall(r"^\| ([FSL]\d+) \| (.*) \|$", PAGE, re.MULTILINE))
# How many there are of each kind.
KINDS: Final = {"F": 125, "S": 39, "L": 13}

# How a row calls a place, where not by its own name.
IN_OTHER_WORDS: Final = {"list": "ps", "root": "runc root"}


def test_every_failure_and_every_invariant_of_the_lists_has_its_row_and_nothing_else() -> None:
    known = {f"{kind}{number}" for kind, last in KINDS.items() for number in range(1, last + 1)}
    wanted = {f"F{int(each[1:]):02}" if each[0] == "F" else each for each in known}
    assert set(ROWS) == wanted


def test_no_row_is_there_twice() -> None:
    numbers = re.findall(r"^\| ([FSL]\d+) \|", PAGE, re.MULTILINE)
    assert len(numbers) == len(set(numbers))


def test_every_place_at_which_a_fault_is_drawn_is_in_its_row() -> None:
    """By its words, without the port's name where the row says it of several."""
    for fault in CATALOGUE:
        words = fault.at.name.lower().removeprefix("unit_").removeprefix("runc_")
        words = words.removeprefix("record_").replace("_", " ")
        said = ROWS[fault.number].lower()
        assert IN_OTHER_WORDS.get(words, words) in said, fault.name


def test_every_function_that_checks_an_invariant_is_named() -> None:
    for invariant, holds in INVARIANTS:
        if invariant != "bug":
            assert holds.__name__ in PAGE or "`sim/starts.py`" in ROWS[invariant], holds.__name__


def test_every_function_that_is_named_checks_what_its_row_says() -> None:
    known = {holds.__name__ for _, holds in INVARIANTS}
    named = re.findall(r"`([sl]\d+_\w+)`", PAGE)
    assert set(named) <= known
