"""Paths as lists of decisions."""

import pytest

from sim.check.decisions import Decisions, following


def words(option: int) -> str:
    return f"option {option}"


def paths(*counts: int) -> list[tuple[int, ...]]:
    """All paths through decisions of so many options each."""
    found: list[tuple[int, ...]] = []
    given: tuple[int, ...] | None = ()
    while given is not None:
        decisions = Decisions(given)
        found.append(tuple(decisions.decide(count, words) for count in counts))
        given = following(decisions.made)
    return found


def test_every_path_is_tried_once_and_the_plainest_first() -> None:
    assert paths(2, 1, 3) == [(0, 0, 0), (0, 0, 1), (0, 0, 2), (1, 0, 0), (1, 0, 1), (1, 0, 2)]


def test_what_is_given_is_done_again_and_then_the_plainest() -> None:
    decisions = Decisions((1,))
    assert not decisions.is_new
    assert decisions.decide(2, words) == 1
    assert decisions.is_new
    assert decisions.decide(2, words) == 0
    assert [each.what() for each in decisions.made] == ["option 1", "option 0"]


def test_a_world_that_does_not_repeat_itself_is_a_bug() -> None:
    decisions = Decisions((5,))
    with pytest.raises(AssertionError, match="not repeatable"):
        decisions.decide(2, words)


def test_what_is_not_decided_is_the_plainest() -> None:
    decisions = Decisions(())
    assert decisions.one_of("abc") == "a"
    assert not decisions.happens(0.99)
    assert decisions.between(3.0, 9.0) == pytest.approx(3.0)
