"""Repetitions in a story."""

from sim.explore.folded import folded
from sim.world.story import Line


def lines(text: str) -> list[Line]:
    return [Line(float(at), "client", (letter,)) for at, letter in enumerate(text)]


def steps(text: str) -> list[str]:
    return [step.split("  ")[-1].strip() for step in folded(lines(text))]


def test_what_is_said_once_or_twice_stays() -> None:
    assert steps("abbc") == ["a", "b", "b", "c"]
    assert steps("") == []


def test_what_is_said_again_and_again_is_said_once_and_counted() -> None:
    assert steps("abbbc") == ["a", "b", "the same, 3 times in all", "c"]
    assert steps("abcbcbcd") == ["a", "b", "c", "the same, 3 times in all", "d"]


def test_the_last_time_is_told() -> None:
    assert folded(lines("abbb"))[-1].startswith("    3.000 s")
