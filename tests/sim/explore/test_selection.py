"""A part of the catalogue by what a person types."""

from returns.result import Failure, Success

from sim.explore.plays import PlayName, Plays, again
from sim.explore.selection import selected
from sim.faults import CATALOGUE
from sim.run import run


def test_all_is_the_catalogue_and_none_is_nothing() -> None:
    assert selected("all") == Success(CATALOGUE)
    assert selected("none") == Success(())


def test_numbers_are_every_fault_of_that_number() -> None:
    for fault in selected("F90, F87").unwrap():
        assert fault.number in {"F90", "F87"}
    assert {fault.number for fault in selected("F90,F87").unwrap()} == {"F90", "F87"}


def test_an_unknown_number_is_refused_with_what_there_is() -> None:
    match selected("F90,F0"):
        case Failure(why):
            assert "F0" in why
            assert "F87" in why
        case other:
            raise AssertionError(other)


def test_in_a_recording_faults_that_did_not_fire_are_not_missed() -> None:
    """Each draws in a name of its own."""
    for seed in range(10):
        plays = Plays()
        whole = plays.report(PlayName(seed))
        fired = tuple(fault for fault in CATALOGUE if fault.number in whole.fired)
        assert again(plays.recording(PlayName(seed)), fired).digest == whole.digest


def test_without_faults_none_fires() -> None:
    assert not any(run(seed, ()).fired for seed in range(10))
