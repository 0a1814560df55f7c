"""Every choice of a simulated life, drawn from one seed.

Nothing else in sim/ may draw: the scheduler, the faults and the workload all ask here, so a
seed replays a life exactly. The draws are named, which is the joint for recording them,
dropping some, and shrinking.
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
        self._random = Random(seed)
        self._digest = hashlib.blake2b(digest_size=16)

    def index(self, size: int) -> int:
        """One of `size` equally likely places."""
        return int(self._random.random() * size)

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.index(len(options))]

    def happens(self, probability: float) -> bool:
        return self._random.random() < probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self._random.random()

    def note(self, fact: str) -> None:
        """Mixes what happened into the digest; two runs of a seed must agree on it."""
        self._digest.update(fact.encode())

    def digest(self) -> str:
        return self._digest.hexdigest()
