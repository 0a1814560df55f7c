"""Repetitions in a story."""

from hypothesis import given
from hypothesis import strategies as st

from sim.explore.folded import folded, steps
from sim.world.story import Line


def lines(text: str) -> list[Line]:
    return [Line(float(at), "client", (letter,)) for at, letter in enumerate(text)]


def said(text: str) -> list[str]:
    return [step.split("  ")[-1].strip() for step in folded(lines(text))]


def test_what_is_said_once_or_twice_stays() -> None:
    assert said("abbc") == ["a", "b", "b", "c"]
    assert said("") == []


def test_what_is_said_again_and_again_is_said_once_and_counted() -> None:
    assert said("abbbc") == ["a", "b", "the same, 3 times in all", "c"]
    assert said("abcbcbcd") == ["a", "b", "c", "the same, 3 times in all", "d"]


def test_the_last_time_is_told() -> None:
    assert folded(lines("abbb"))[-1].startswith("    3.000 s")


@given(st.text("abc", max_size=40))
def test_steps_are_as_many_as_are_told(text: str) -> None:
    assert steps(lines(text)) == len(folded(lines(text)))
    assert folded(lines(text))[:1] == [str(line) for line in lines(text)[:1]]
