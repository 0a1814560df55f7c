"""Every choice of a simulated life, drawn from one seed.

Nothing else in sim/ may draw: the scheduler, the faults and the workload all ask here, so a
seed replays a life exactly. This is the joint for recording choices, dropping some of them,
and shrinking.
"""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """One seed's draws, and a digest of everything that came of them (S32)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        # A number in [0, 1): what every draw is made of.
        self.draw = Random(seed).random
        self._facts: list[object] = []

    def index(self, size: int) -> int:
        """One of `size` equally likely places."""
        return int(self.draw() * size)

    def one_of(self, options: Sequence[T]) -> T:
        return options[int(self.draw() * len(options))]

    def happens(self, probability: float) -> bool:
        return self.draw() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.draw()

    def note(self, fact: object) -> None:
        """Something that happened; two runs of a seed must agree on all of it."""
        self._facts.append(fact)

    def digest(self) -> str:
        return hashlib.blake2b(
            "\n".join(map(str, self._facts)).encode(), digest_size=16
        ).hexdigest()
