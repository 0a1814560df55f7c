"""Who goes on when several could: the two ways in which a seed picks."""

from collections.abc import Sequence
from typing import Final

from sim.choices import Choices
from sim.scheduler import Runnable

CHANGES_MAX: Final = 4
CHANGES_WITHIN: Final = 400


class Anyone:
    """Each is as likely."""

    __slots__ = ("_toss",)

    def __init__(self, choices: Choices) -> None:
        self._toss = choices.toss

    def __call__(self, runnable: Sequence[Runnable]) -> int:
        return int(self._toss() * len(runnable))


class Priorities:
    """Finds what needs few but exact changes of turn.

    After "probabilistic concurrency testing" (Burckhardt et al., ASPLOS 2010): everybody has a
    drawn rank, the highest goes on, and at a few drawn picks whoever would falls to the bottom.
    """

    def __init__(self, choices: Choices) -> None:
        self._toss = choices.toss
        self._ranks: dict[str, float] = {}
        self._picks = 0
        count = 1 + int(self._toss() * CHANGES_MAX)
        self._changes = {int(self._toss() * CHANGES_WITHIN) for _ in range(count)}

    def __call__(self, runnable: Sequence[Runnable]) -> int:
        self._picks += 1
        at = self._highest(runnable)
        if self._picks in self._changes:
            self._ranks[runnable[at][0].stream] = -float(self._picks)
            at = self._highest(runnable)
        return at

    def _highest(self, runnable: Sequence[Runnable]) -> int:
        ranks = [self._rank(task.stream) for task, _ in runnable]
        return ranks.index(max(ranks))

    def _rank(self, stream: str) -> float:
        if stream not in self._ranks:
            self._ranks[stream] = self._toss()
        return self._ranks[stream]
