"""A world's choices, written down by who made them, and played again: whole, or with less.

What is left out is drawn as 0, which is always the plainest (sim/choices.py); who went on when
is kept as an order of names, so that leaving somebody out keeps the order of all others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sim.choices import Choices
from sim.scheduler import Runnable

PLAINEST: Final = 0.0


@dataclass(frozen=True, slots=True)
class Recording:
    """`draws`: in order, for each who drew; `steps`: who went on, one name a step."""

    seed: int
    draws: Mapping[str, tuple[float, ...]]
    steps: tuple[str, ...]


class Recorder(Choices):
    """Draws as the seed does, and keeps it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.draw = self._draw
        self._draws: dict[str, list[float]] = {}
        self._steps: list[str] = []

    def _draw(self) -> float:
        value = self.toss()
        self._draws.setdefault(self.by, []).append(value)
        return value

    def goes_on(self, who: str) -> None:
        super().goes_on(who)
        self._steps.append(who)

    def recording(self) -> Recording:
        draws = {who: tuple(values) for who, values in self._draws.items()}
        return Recording(self.seed, draws, tuple(self._steps))


class Replayer(Recorder):
    """Draws what was recorded, and records what was drawn in the end."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording.seed)
        self._left = {who: iter(values) for who, values in recording.draws.items()}
        self.toss = self._recorded

    def _recorded(self) -> float:
        return next(self._left.get(self.by, iter(())), PLAINEST)


class InOrder:
    """Picks whoever comes first in the rest of a recorded order; who is not in it, by turns."""

    def __init__(self, steps: Sequence[str]) -> None:
        self._steps = steps
        self._at = 0

    def __call__(self, runnable: Sequence[Runnable]) -> int:
        waiting = {task.stream: at for at, (task, _) in reversed(list(enumerate(runnable)))}
        for at in range(self._at, len(self._steps)):
            found = waiting.get(self._steps[at])
            if found is not None:
                self._at = at + 1
                return found
        return 0
