"""Draws that do not depend on when a client asks.

A seed that hands out one row of numbers gives a client other faults as soon as anything happens
a little sooner or later, and beside a real client it always does. So everybody draws from a row
of his own, and what he is called tells who has started him: the third Start of a container
meets the same faults whatever went on meanwhile.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from sim.choices import Choices
from sim.scheduler import Runnable

# How many rows are remembered; who has not drawn for so long has come to his end.
ROWS_MAX: Final = 100_000
_DIGEST_BYTES: Final = 8
_UNUSED_BITS: Final = 11  # a float holds 53 of the 64


class OwnRows(Choices):
    """Keeps no facts: a server has no end at which somebody would ask for their digest."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.draw = self._next
        self._drawn: dict[str, int] = {}

    def share(self, of: str) -> float:
        """A number in [0, 1) that belongs to the seed and this text."""
        digest = hashlib.blake2b(f"{self.seed} {of}".encode(), digest_size=_DIGEST_BYTES).digest()
        bits = int.from_bytes(digest, "big") >> _UNUSED_BITS
        return float(bits) / 2.0**53

    def name(self, name: str) -> str:
        """Whoever runs now starts him; of two he started under one name each is told apart."""
        begun = super().name(f"{self.by} / {name}")
        return f"{name} {hashlib.blake2b(begun.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"

    def goes_on(self, who: str) -> None:
        self.by = who

    def note(self, fact: object) -> None:
        pass

    def _next(self) -> float:
        at = self._drawn.pop(self.by, 0)
        self._drawn[self.by] = at + 1
        if len(self._drawn) > ROWS_MAX:
            del self._drawn[next(iter(self._drawn))]
        return self.share(f"{self.by} {at}")


class ByRank:
    """Who goes on: the lowest of numbers that everybody has for each of his turns."""

    def __init__(self, choices: OwnRows) -> None:
        self._choices = choices

    def __call__(self, runnable: Sequence[Runnable]) -> int:
        ranks = [self._choices.share(f"turn {task.stream} {task.stay}") for task, _ in runnable]
        return ranks.index(min(ranks))
