"""A recording with less in it: what can be left out, and what is left then.

What is left out is drawn as 0, the plainest (sim/choices.py); who is left out of the order of
turns goes on when nobody who is in it waits.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from sim.faults import Fault
from sim.recording import PLAINEST, Recording

CRASH: Final = "crash before "
# The life that every world has, and a draw with which it has one beside it (sim/session.py).
FIRST: Final = "default/c0"
LIVES: Final = "lives"
A_LIFE_MORE: Final = 0.3
_OWNER: Final = re.compile(r"\b(?:default|other)/c[0-9]+")


class Place(NamedTuple):
    """One draw of one who draws."""

    stream: str
    at: int


def plain(recording: Recording) -> Recording:
    """The same world: zeros at a stream's end, and streams of nothing else, are not written."""
    draws = {who: _stripped(values) for who, values in sorted(recording.draws.items())}
    return replace(recording, draws={who: values for who, values in draws.items() if values})


def _stripped(values: tuple[float, ...]) -> tuple[float, ...]:
    end = len(values)
    while end and values[end - 1] == PLAINEST:
        end -= 1
    return values[:end]


def places(recording: Recording) -> list[Place]:
    """Every draw that is not the plainest."""
    return [
        Place(who, at)
        for who, values in recording.draws.items()
        for at, value in enumerate(values)
        if value != PLAINEST
    ]


def without_streams(recording: Recording, out: Collection[str]) -> Recording:
    """They draw the plainest throughout."""
    return replace(
        recording, draws={who: drawn for who, drawn in recording.draws.items() if who not in out}
    )


def without_turns(recording: Recording, out: Collection[int]) -> Recording:
    """Less of the order."""
    turns = tuple(who for at, who in enumerate(recording.turns) if at not in out)
    return replace(recording, turns=turns)


def drawing(recording: Recording, values: Mapping[Place, float]) -> Recording:
    """With other values in some places."""
    draws = {who: list(drawn) for who, drawn in recording.draws.items()}
    for place, value in values.items():
        stream = draws.setdefault(place.stream, [])
        stream.extend([PLAINEST] * (place.at + 1 - len(stream)))
        stream[place.at] = value
    return plain(replace(recording, draws={who: tuple(drawn) for who, drawn in draws.items()}))


def of_fault(recording: Recording, fault: Fault) -> list[str]:
    """Who draws whether the fault is on, and whether it hits."""
    name = fault.name
    return [who for who in recording.draws if who == name or who.startswith(f"{name} in ")]


def crashes(recording: Recording) -> list[str]:
    """Who draws whether the shim dies."""
    return [who for who in recording.draws if who.startswith(CRASH)]


def lives(recording: Recording) -> list[str]:
    """The clients."""
    words = ("life of ", "second client of ", "administrator")
    return [who for who in recording.draws if who.startswith(words)]


def of_one_life(recording: Recording) -> Iterator[Recording]:
    """Each life in the place of the first one, and none or one beside it."""
    owners = dict.fromkeys(_OWNER.findall(" ".join(recording.draws)))
    for owner in sorted(owners, key=lambda each: each != FIRST):
        moved = recording if owner == FIRST else in_place_of_the_first(recording, owner)
        yield without_streams(moved, [LIVES])
        yield drawing(moved, {Place(LIVES, 0): A_LIFE_MORE})


def in_place_of_the_first(recording: Recording, owner: str) -> Recording:
    """The two change places: whatever is drawn in the name of the one, is in the other's."""
    swap = {owner: FIRST, FIRST: owner}
    units = {who.replace("/", "-"): other.replace("/", "-") for who, other in swap.items()}
    named = re.compile("|".join(rf"\b{re.escape(who)}\b" for who in (*swap, *units)))

    def renamed(stream: str) -> str:
        return named.sub(lambda found: (swap | units)[found.group()], stream)

    draws = {renamed(who): drawn for who, drawn in recording.draws.items()}
    return replace(recording, draws=draws, turns=tuple(map(renamed, recording.turns)))
