"""What to play next: seeds in their order, and between them mutants of plays that were worth it.

A play was worth it when it reached what no earlier one had (sim/explore/coverage.py). Batches
are made in order, and each from what was known a fixed number of batches before: so what is
played depends on nobody's pace and on no number of processes.
"""

import gc
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from sim.explore.plays import PlayName, Plays
from sim.faults import Fault
from sim.garbage import swept_by_hand
from sim.summary import Summary

BATCH: Final = 25
# So many batches may be under way before the first of them has to be known.
AHEAD: Final = 32
# So many mutants of a parent are played together: to have its choices takes a play of its own.
CHILDREN: Final = 5
# A mutant of a mutant of a mutant is no longer mutated: each ancestor is played again for it.
MUTATIONS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Batch:
    """A piece of work that can be sent to another process."""

    names: tuple[PlayName, ...]
    catalogue: tuple[Fault, ...]


def play_batch(batch: Batch) -> Summary:
    """Plays all of it; needs nothing else, and leaves nothing behind."""
    summary, plays = Summary(), Plays(batch.catalogue)
    with swept_by_hand():
        for name in batch.names:
            summary.add(plays.report(name), name)
        gc.collect()
    return summary


@dataclass(slots=True)
class Search:
    """`mutants`: their share of all plays. Seeds come whole: mutants are played beside them."""

    first: int
    seeds: int
    catalogue: tuple[Fault, ...]
    mutants: float = 0.2
    batch: int = BATCH
    ahead: int = AHEAD
    summary: Summary = field(default_factory=Summary)
    _made: int = 0
    _next: int = 0
    _mutants: int = 0
    _worth: list[PlayName] = field(default_factory=list)
    # How many of them were known after each batch.
    _known: list[int] = field(default_factory=list)

    def batches(self) -> Iterator[Batch]:
        """One at a time; of the ones before all but `ahead` must have been learned from by then."""
        while self._next < self.seeds:
            worth = self._worth[: self._known_by(self._made - self.ahead)]
            self._made += 1
            if worth and self._mutants < self.mutants * (self._mutants + self._next):
                yield Batch(self._mutated(worth), self.catalogue)
            else:
                yield Batch(self._seeds(), self.catalogue)

    def learn(self, played: Summary) -> None:
        """From the next batch, in the order in which they were made."""
        new = dict.fromkeys(
            name for each, name in played.reached.items() if each not in self.summary.reached
        )
        self.summary.merge(played)
        self._worth += [name for name in new if len(name.mutations) < MUTATIONS_MAX]
        self._known.append(len(self._worth))

    def _known_by(self, batch: int) -> int:
        if batch < 0:
            return 0
        if batch >= len(self._known):
            raise LookupError(f"batch {batch} was not learned from yet")
        return self._known[batch]

    def _seeds(self) -> tuple[PlayName, ...]:
        begin = self.first + self._next
        count = min(self.batch, self.seeds - self._next)
        self._next += count
        return tuple(PlayName(seed) for seed in range(begin, begin + count))

    def _mutated(self, worth: list[PlayName]) -> tuple[PlayName, ...]:
        random = Random(f"{self.first} {self._made}")
        numbers = range(self._mutants, self._mutants + self.batch)
        self._mutants += len(numbers)
        parents = [random.choice(worth) for _ in numbers[::CHILDREN]]
        return tuple(parents[at // CHILDREN].mutated_by(each) for at, each in enumerate(numbers))
