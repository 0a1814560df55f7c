"""The shortest story that violates the same as a whole seed does."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from returns.result import Failure

from domain import unit
from domain.exit_status import ExitStatus
from sim import invariants
from sim.explore.paste import as_test
from sim.explore.plays import PlayName, Plays, again
from sim.explore.shrink import Shrunk, shrink
from sim.outcome import Outcome
from sim.recording import Recording
from sim.run import run
from tests.sim.planting import Garden


@pytest.fixture
def _bare_numbers(garden: Garden) -> None:
    """D11: violates S5 as soon as something is killed."""
    garden.plant_at(unit, "exit_status", lambda _, status: ExitStatus(status))


def recorded(seed: int) -> Recording:
    return Plays().recording(PlayName(seed))


def violated(recording: Recording) -> set[str]:
    return {each.invariant for each in again(recording).violations}


def crowded() -> Recording:
    """A seed of many lives that violates S5, and needs no call made again for that.

    The draws of a client who repeats a call come later, so its fault cannot just be left out.
    """
    reports = (run(seed) for seed in range(2, 400))
    return recorded(
        next(
            each.seed
            for each in reports
            if each.lives > 2 and {why.invariant for why in each.violations} == {"S5"}
        )
    )


@pytest.mark.usefixtures("_bare_numbers")
def test_of_many_lives_faults_and_crashes_what_matters_is_left() -> None:
    """Create and kill: there is no shorter way to a signal."""
    less = shrink(crowded()).unwrap()
    assert less.whole
    assert less.violation.invariant == "S5"
    assert len(less.story) <= 12
    assert less.recording.turns == ()
    report = again(less.recording)
    assert (report.lives, report.crashes, report.fired) == (1, 0, {})
    assert "S5" in violated(less.recording)
    assert shrink(crowded()).unwrap() == less, "shrinking is deterministic"


@pytest.mark.usefixtures("_bare_numbers")
def test_when_the_time_is_over_the_best_so_far_is_told() -> None:
    asked = iter([False] * 60)
    whole = crowded()
    less = shrink(whole, is_over=lambda: next(asked, True)).unwrap()
    assert not less.whole
    assert "S5" in violated(less.recording)
    assert len(less.story) <= len(again(whole).story.lines)


def test_a_fault_that_is_needed_is_left_and_told(garden: Garden) -> None:
    """As if nobody could do without an answer of systemd's."""

    def answered(outcome: Outcome) -> Iterator[str]:
        if "F90" in outcome.machine.world.faults.fired:
            yield "an answer was lost"

    garden.plant_at(invariants, "INVARIANTS", (("S1", answered),))
    garden.plant_at(invariants, "AT_ANY_TIME", (("S1", answered),))
    seeds = islice((seed for seed in range(400) if run(seed).violations), 4)
    shrunk = [shrink(recorded(seed)).unwrap() for seed in seeds]
    # It may strike only in a call that another fault makes a client repeat.
    assert all("F90:" in faults_in(each) for each in shrunk)
    less = min(shrunk, key=lambda each: (len(faults_in(each)), len(each.story)))
    assert faults_in(less) == ["F90:"]
    assert {who[:3] for who in less.recording.draws if who.startswith("F")} == {"F90"}
    assert len(less.story) <= 5


def faults_in(shrunk: Shrunk) -> list[str]:
    return [line.split()[3] for line in shrunk.story if line.split()[2] == "fault"]


def test_what_violates_nothing_is_not_shrunk() -> None:
    assert shrink(recorded(1)) == Failure("it does not violate anything")
    assert shrink(recorded(1), invariant="S1") == Failure("it does not violate S1")


def test_the_test_that_is_printed_fails_with_the_bug_and_passes_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as planted:
        planted.setattr(unit, "exit_status", lambda _, status: ExitStatus(status))
        less: Shrunk = shrink(crowded()).unwrap()
        names: dict[str, Any] = {}
        text = as_test(less)
        exec(text, names)  # noqa: S102 (that is what a file of tests is for)
        (test,) = [each for name, each in names.items() if name.startswith("test_")]
        with pytest.raises(AssertionError):
            test()
    test()
    assert all(len(line) <= 100 or "noqa: E501" in line for line in text.splitlines())
