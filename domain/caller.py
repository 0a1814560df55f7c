"""The client on whose behalf a rule runs, and who may give up.

A rule is never cancelled by its caller: it is told (`gone` opens) and decides what to undo.
So clean-up never runs on a cancelled caller's time (F14, D47), and the simulator can let a
caller go at every await.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.limits import Seconds
from domain.ports.concurrency import Concurrency, Latch


@dataclass(frozen=True, slots=True)
class Caller:
    """`gone` opens when the client's deadline has passed or its connection is closed."""

    gone: Latch

    async def waits_for(
        self, concurrency: Concurrency, latches: Sequence[Latch], within: Seconds | None
    ) -> Latch | None:
        """The first of `latches` to open; None if the caller left or `within` passed first."""
        found = await concurrency.first_of((*latches, self.gone), within)
        return None if found is self.gone else found
