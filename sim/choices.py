"""Every choice of a simulated world, drawn from one seed.

Nothing else in sim/ may draw: the scheduler, the faults and the workload all ask here, so a
seed replays a world exactly. Whoever draws does it in his own name (`by`): a recording
(sim/recording.py) keeps the draws apart, and leaving somebody out moves nobody else's.

A draw of 0 is always the plainest: the first option, no fault, no delay.
"""

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Final, TypeVar

T = TypeVar("T")

# Who draws before anything runs.
SETUP: Final = "setup"


class Choices:
    """One seed's draws, and a digest of everything that came of them (S32)."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        # Numbers in [0, 1): what every draw is made of, and what who runs next is tossed with.
        self.draw = self.toss = Random(seed).random
        self.by = SETUP
        self._facts: list[object] = []
        self._named: dict[str, int] = {}

    def index(self, size: int) -> int:
        """One of `size` equally likely places."""
        return int(self.draw() * size)

    def one_of(self, options: Sequence[T]) -> T:
        return options[int(self.draw() * len(options))]

    def happens(self, probability: float) -> bool:
        return 1.0 - self.draw() <= probability

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.draw()

    def name(self, name: str) -> str:
        """The name for somebody who draws; a second one of that name gets a number."""
        count = self._named[name] = self._named.get(name, 0) + 1
        return name if count == 1 else f"{name} #{count}"

    def goes_on(self, who: str) -> None:
        """He runs now, and what is drawn is his."""
        self.by = who
        self._facts.append(who)

    def note(self, fact: object) -> None:
        """Something that happened; two runs of a seed must agree on all of it."""
        self._facts.append(fact)

    def digest(self) -> str:
        return hashlib.blake2b(
            "\n".join(map(str, self._facts)).encode(), digest_size=16
        ).hexdigest()
