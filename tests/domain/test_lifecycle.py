"""The life of a process: the table against a plain model, and against its own picture."""

import re
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import lifecycle
from domain.lifecycle import Heard, Phase, after

EVERY_PAIR = tuple(product(Phase, Heard))
ENDED = {Phase.EXITED, Phase.DELETED}


def naively(phase: Phase, heard: Heard) -> Phase | None:
    """What a person would say, asked about one pair."""
    if heard is Heard.START_CLAIMED:
        return Phase.STARTING if phase is Phase.CREATED else None
    if heard is Heard.STARTED:
        return Phase.RUNNING if phase is Phase.STARTING else None
    if heard is Heard.PAUSED:
        return Phase.PAUSED if phase is Phase.RUNNING else None
    if heard is Heard.RESUMED:
        return Phase.RUNNING if phase is Phase.PAUSED else None
    if heard is Heard.EXITED:
        return None if phase in ENDED else Phase.EXITED
    return Phase.DELETED if phase in {Phase.CREATED, Phase.EXITED} else None


@pytest.mark.parametrize(("phase", "heard"), EVERY_PAIR)
def test_every_pair_of_phase_and_news_is_as_a_person_would_say(phase: Phase, heard: Heard) -> None:
    assert after(phase, heard) is naively(phase, heard)


def pictured() -> dict[tuple[Phase, Heard], Phase]:
    """The steps that the picture in the module's docstring shows."""
    lines = (lifecycle.__doc__ or "").splitlines()
    chain, marks, exits, releases = lines[lines.index("") + 1 : lines.index("") + 5]
    words = [*re.finditer(r"(?<![A-Z_])[a-z]+", chain)]
    arrows = re.findall(r"<?--[A-Z_/]+-->", chain)
    steps: dict[tuple[Phase, Heard], Phase] = {}
    for (left, right), arrow in zip(pairwise(words), arrows, strict=True):
        there, *back = re.findall(r"[A-Z_]+", arrow)
        steps[Phase(left[0]), Heard[there]] = Phase(right[0])
        for way in back:
            steps[Phase(right[0]), Heard[way]] = Phase(left[0])
    for mark in re.finditer(r"[|\\]", marks):
        above = next(word for word in words if word.start() <= mark.start() < word.end())
        steps[Phase(above[0]), Heard.EXITED] = Phase(exits.rsplit("> ", 1)[1])
    leaving, target = releases.strip().split(" --RELEASED--> ")
    for phase in leaving.split(", "):
        steps[Phase(phase), Heard.RELEASED] = Phase(target)
    return steps


def test_the_picture_shows_the_table_and_nothing_else() -> None:
    assert pictured() == dict(lifecycle.AFTER)


@given(st.lists(st.sampled_from(Heard), max_size=30))
def test_whatever_is_heard_a_process_starts_once_and_exits_once(news: list[Heard]) -> None:
    phase, heard = Phase.CREATED, list[Heard]()
    for each in news:
        following = after(phase, each)
        if following is not None:
            phase = following
            heard.append(each)
    for once in (Heard.START_CLAIMED, Heard.STARTED, Heard.EXITED, Heard.RELEASED):
        assert heard.count(once) <= 1
    if Heard.EXITED in heard:
        assert set(heard[heard.index(Heard.EXITED) + 1 :]) <= {Heard.RELEASED}
    if Heard.RELEASED in heard:
        assert heard[-1] is Heard.RELEASED


def test_every_phase_is_reached_and_none_but_the_last_is_a_dead_end() -> None:
    reached = {Phase.CREATED}
    for _ in Phase:
        reached |= {target for (phase, _), target in lifecycle.AFTER.items() if phase in reached}
    assert reached == set(Phase)
    assert {phase for phase, _ in lifecycle.AFTER} == set(Phase) - {Phase.DELETED}
