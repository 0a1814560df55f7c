"""containerd's event service as it is on the wire, on the project's own ttrpc server."""

import os
from collections import deque
from typing import Final

from adapters.events.envelope import WIRE
from adapters.events.upstream import METHOD, SERVICE
from adapters.messages import events_pb2, forward_pb2
from adapters.ttrpc import Call, Metadata, Result, Server, listen
from domain.event import TaskEvent
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from tests.contracts.publisher_contract import News

KINDS: Final[dict[str, type[TaskEvent]]] = {topic: kind for kind, (topic, _) in WIRE.items()}


class EventService:
    """Needs a running loop for all but the constructor. `answers` are given before any success."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.envelopes: list[forward_pb2.ForwardRequest] = []
        self.metadata: list[Metadata] = []
        self.calls = 0
        self.answers: deque[Result] = deque()
        self._server: Server | None = None

    def heard(self) -> list[News]:
        return [_news(request) for request in self.envelopes]

    async def come_back(self) -> None:
        if self._server is None:
            self._server = Server({SERVICE: {METHOD: self._forward}})
            self._server.add_listener(listen(self.address), "events")

    async def go_away(self) -> None:
        if self._server is not None:
            await self._server.close(0)
            self._server = None
            os.unlink(self.address)  # noqa: PTH108 - short enough to be no matter for a thread

    async def _forward(self, call: Call, payload: bytes) -> Result:
        self.calls += 1
        if self.answers:
            return self.answers.popleft()
        self.metadata.append(call.metadata)
        self.envelopes.append(forward_pb2.ForwardRequest.FromString(payload))
        return b""


def _news(request: forward_pb2.ForwardRequest) -> News:
    """Reads the envelope as containerd would: by its type, not by its topic."""
    envelope = request.envelope
    kind = KINDS[envelope.topic]
    event = getattr(events_pb2, envelope.event.type_url.rpartition(".")[2])()
    event.ParseFromString(envelope.event.value)
    owner = ContainerKey(Namespace(envelope.namespace), ContainerId(event.container_id))
    match event:
        case events_pb2.TaskExecAdded() | events_pb2.TaskExecStarted():
            return News(kind, ProcessKey(owner, ExecId(event.exec_id)))
        case events_pb2.TaskExit():
            is_init = event.id == event.container_id
            return News(kind, ProcessKey(owner, None if is_init else ExecId(event.id)))
    return News(kind, owner)
