"""The domain's Publisher port: events to containerd over ttrpc, at least once each."""

import asyncio
import itertools
import logging
from typing import Final

from adapters import log_fields
from adapters.events import envelope
from adapters.events.upstream import PAUSE_FIRST_SECONDS, PAUSE_MAX_SECONDS, Upstream
from adapters.ttrpc import Code, Status
from domain.event import ExecAdded, TaskEvent, TaskPaused, TaskResumed
from domain.ports.clock import Clock

# For the first attempt. A containerd that is stopped, not dead, still gets what lies in its
# socket once it goes on, every copy of it: so each attempt waits twice as long as the one before
# that was not answered, and there are few.
ATTEMPT_SECONDS: Final = 5.0
ATTEMPT_MAX_SECONDS: Final = 320.0

NAMESPACE_KEY: Final = "containerd-namespace-ttrpc"

# As one event of a container waits here while its next ones wait in the container's outbox, this
# is a number of containers. Above it what only informs is dropped; the rest is bounded by the
# number of containers alone, and never dropped (L12).
WAITING_MAX: Final = 1024
_INFORMATIVE: Final = (ExecAdded, TaskPaused, TaskResumed)

# containerd has judged the event itself: the same bytes get the same answer, and a container
# whose outbox waits for that for ever would tell nothing any more, not even its exit. Some more
# tries are for one that is just coming up and does not have all its services yet.
_JUDGED: Final = frozenset(
    {Code.INVALID_ARGUMENT, Code.OUT_OF_RANGE, Code.FAILED_PRECONDITION, Code.UNIMPLEMENTED}
)
JUDGEMENTS_MAX: Final = 5

_log = logging.getLogger(__name__)


class TtrpcPublisher:
    """One connection to each containerd that tasks belong to; `close` ends them."""

    def __init__(
        self,
        clock: Clock,
        attempt_seconds: float = ATTEMPT_SECONDS,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._clock = clock
        self._attempt_seconds = attempt_seconds
        self._waiting_max = waiting_max
        self._upstreams: dict[str, Upstream] = {}
        self._waiting = 0

    async def publish(self, address: str, event: TaskEvent) -> None:
        with log_fields.about(envelope.subject_of(event)):
            if not address:
                _log.warning("nobody is told of %s: containerd left no address", _name(event))
                return
            if self._waiting >= self._waiting_max and isinstance(event, _INFORMATIVE):
                _log.warning("%d events wait: %s is dropped", self._waiting, _name(event))
                return
            self._waiting += 1
            try:
                await self._deliver(address, event)
            finally:
                self._waiting -= 1

    def close(self) -> None:
        """Closes the connections; what is being published fails to arrive and is tried again."""
        for upstream in self._upstreams.values():
            upstream.close()

    async def _deliver(self, address: str, event: TaskEvent) -> None:
        request = envelope.forward_request(event, self._clock.now())
        metadata = ((NAMESPACE_KEY, envelope.owner_of(event).namespace),)
        upstream = self._upstream(address)
        limit, pause, judgements = self._attempt_seconds, PAUSE_FIRST_SECONDS, 0
        for attempt in itertools.count(1):
            outcome = await upstream.forward(request, metadata, limit)
            if not isinstance(outcome, Status):
                return
            _log.debug("attempt %d at %s: %s", attempt, _name(event), outcome)
            judgements += outcome.code in _JUDGED
            if judgements >= JUDGEMENTS_MAX:
                _log.error("containerd does not want %s: %s", event, outcome.message)
                return
            if outcome.code == Code.DEADLINE_EXCEEDED:
                limit = min(2 * limit, ATTEMPT_MAX_SECONDS)
            await asyncio.sleep(pause)
            pause = min(2 * pause, PAUSE_MAX_SECONDS)

    def _upstream(self, address: str) -> Upstream:
        path = address.removeprefix("unix://")
        if path not in self._upstreams:
            self._upstreams[path] = Upstream(path)
        return self._upstreams[path]


def _name(event: TaskEvent) -> str:
    return type(event).__name__
