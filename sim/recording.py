"""A world's choices, written down by who made them, and played again: whole, or with less.

What is left out is drawn as 0, which is always the plainest (sim/choices.py); who went on when
is kept as an order of names, so that leaving somebody out keeps the order of all others.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from sim.choices import Choices
from sim.scheduler import Pick, Runnable

PLAINEST: Final = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """`draws`: in order, for each who drew; `turns`: who went on where several could."""

    seed: int
    draws: Mapping[str, tuple[float, ...]]
    turns: tuple[str, ...]


class Recorder(Choices):
    """Draws as the seed does, and keeps it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.draw = self._draw
        self._draws: dict[str, list[float]] = {}
        self._turns: list[str] = []

    def _draw(self) -> float:
        value = self.toss()
        self._draws.setdefault(self.by, []).append(value)
        return value

    def keeping(self, pick: Pick) -> Pick:
        """The same way to pick, written down."""

        def kept(runnable: Sequence[Runnable]) -> int:
            at = pick(runnable)
            self._turns.append(runnable[at][0].stream)
            return at

        return kept

    def recording(self) -> Recording:
        draws = {who: tuple(values) for who, values in self._draws.items()}
        return Recording(self.seed, draws, tuple(self._turns))


class Replayer(Recorder):
    """Draws what was recorded, and records what was drawn in the end."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording.seed)
        self._left = {who: iter(values) for who, values in recording.draws.items()}
        self.toss = self._recorded

    def _recorded(self) -> float:
        return next(self._left.get(self.by, iter(())), PLAINEST)


class InOrder:
    """Picks whoever comes first in the rest of a recorded order; the others as they came."""

    def __init__(self, turns: Sequence[str]) -> None:
        self._places: dict[str, list[int]] = {}
        for place, who in enumerate(turns):
            self._places.setdefault(who, []).append(place)
        self._at = 0

    def __call__(self, runnable: Sequence[Runnable]) -> int:
        found, earliest = 0, inf
        for at, (task, _) in enumerate(runnable):
            places = self._places.get(task.stream, ())
            next_one = bisect_left(places, self._at)
            if next_one < len(places) and places[next_one] < earliest:
                found, earliest = at, places[next_one]
        if earliest < inf:
            self._at = int(earliest) + 1
        return found
