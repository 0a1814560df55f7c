"""When a state is worth going on from, though it was reached before."""

from sim.check.memory import Ahead, Arrival, Memory

NOTHING = Ahead(0, 0, frozenset())
A_CRASH = Ahead(0, 1, frozenset())
STATE = b"state"


def test_a_state_is_known_once_it_was_reached() -> None:
    memory = Memory()
    assert memory.look(STATE, NOTHING, 0) is Arrival.NEW
    memory.add(STATE, NOTHING, 0, 0)
    assert memory.look(STATE, NOTHING, 0) is Arrival.KNOWN
    assert memory.look(b"other", NOTHING, 0) is Arrival.NEW


def test_with_more_still_to_come_it_is_tried_again() -> None:
    memory = Memory()
    memory.add(STATE, NOTHING, 0, 0)
    assert memory.look(STATE, A_CRASH, 0) is Arrival.NEW
    memory.add(STATE, A_CRASH, 0, 0)
    assert memory.look(STATE, NOTHING, 0) is Arrival.KNOWN


def test_what_a_fault_excuses_covers_nobody_whom_it_has_not_met() -> None:
    memory = Memory()
    memory.add(STATE, Ahead(0, 0, frozenset({"F11"})), 0, 0)
    assert memory.look(STATE, NOTHING, 0) is Arrival.NEW
    memory.add(STATE, NOTHING, 0, 0)
    assert memory.look(STATE, Ahead(0, 0, frozenset({"F56"})), 0) is Arrival.KNOWN


def test_a_path_that_comes_back_when_time_has_passed_goes_round_for_ever() -> None:
    memory = Memory()
    memory.add(STATE, NOTHING, 3, 100)
    assert memory.look(STATE, NOTHING, 100) is Arrival.KNOWN
    assert memory.look(STATE, NOTHING, 6_100) is Arrival.CIRCLE


def test_another_path_that_comes_there_does_not() -> None:
    memory = Memory()
    memory.add(STATE, NOTHING, 3, 100)
    memory.go_back(2)
    assert memory.look(STATE, NOTHING, 6_100) is Arrival.KNOWN
