"""A play like another one, but for some who draw anew."""

from collections.abc import Sequence
from random import Random
from typing import Final

from sim.recording import Recorder, Recording
from sim.scheduler import Runnable

# The share of streams that draw anew, and of mutants that also take their turns anew.
REDRAWN: Final = (0.05, 0.2, 0.5)
TURNS_ANEW: Final = 0.3
# A turn whose owner does not wait is left out, and so many behind it, before it is tossed for.
AHEAD: Final = 8


class Mutant(Recorder):
    """Draws what the parent drew; some streams, and whoever the parent did not have, as a child.

    `name` is the child's seed: the same parent and name draw the same.
    """

    def __init__(self, parent: Recording, name: str) -> None:
        super().__init__(parent.seed)
        self.child = Random(name)
        share = self.child.choice(REDRAWN)
        self._left = {
            who: iter(values)
            for who, values in parent.draws.items()
            if self.child.random() >= share
        }
        self.toss = self._mixed

    def _mixed(self) -> float:
        left = self._left.get(self.by)
        value = None if left is None else next(left, None)
        return self.child.random() if value is None else value


class Wandering:
    """Follows a recorded order as long as it can, and tosses where it cannot."""

    def __init__(self, turns: Sequence[str], child: Random) -> None:
        self._turns = () if child.random() < TURNS_ANEW else turns
        self._child = child
        self._at = 0

    def __call__(self, runnable: Sequence[Runnable]) -> int:
        waiting = {task.stream: at for at, (task, _) in enumerate(runnable)}
        for at in range(self._at, min(self._at + AHEAD, len(self._turns))):
            found = waiting.get(self._turns[at])
            if found is not None:
                self._at = at + 1
                return found
        return int(self._child.random() * len(runnable))
