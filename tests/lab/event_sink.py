"""containerd's event service as a test plays it: it takes all that a shim tells."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from adapters.messages import events_pb2, forward_pb2
from adapters.ttrpc import Call, Result
from tests.lab.containers import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Heard:
    """One event; `short` is its topic, with the exec's id where it is about one: `exit:EXEC`."""

    container: str
    short: str
    event: Any


@dataclass(slots=True)
class Sink:
    """What was heard, in the order in which it came."""

    heard: list[Heard] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def forward(self, _call: Call, payload: bytes) -> Result:
        """Events/Forward."""
        envelope = forward_pb2.ForwardRequest.FromString(payload).envelope
        event: Message = getattr(events_pb2, envelope.event.type_url.rpartition(".")[2])()
        event.ParseFromString(envelope.event.value)
        async with self._news:
            self.heard.append(_heard(envelope.topic.removeprefix("/tasks/"), event))
            self._news.notify_all()
        return b""

    def topics(self, container: str) -> list[str]:
        """All that was told of a container, an event that was told twice as two."""
        return [heard.short for heard in self.heard if heard.container == container]

    def all_of(self, container: str, short: str) -> list[Any]:
        return [
            heard.event
            for heard in self.heard
            if heard.container == container and heard.short == short
        ]

    async def until(self, container: str, short: str) -> Any:
        """The first event of this topic about the container, when it has come."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: self.all_of(container, short))
        return self.all_of(container, short)[0]


def _heard(topic: str, event: Any) -> Heard:
    container = str(event.container_id)
    # The init's exit bears the container's own id.
    subject = getattr(event, "exec_id", "") or getattr(event, "id", "") or container
    return Heard(container, topic if subject == container else f"{topic}:{subject}", event)
