"""What a method of a service gets, and what it gives back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NewType, TypeAlias

from .envelope import Metadata, Request, Result
from .frame import StreamId
from .peer import Peer
from .status import Status, unknown_method, unknown_service

ConnectionId = NewType("ConnectionId", int)
"""Names one connection of one server, never used again."""

_NANOSECONDS: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """The connection that calls come from; `listener` is the label of its listening socket."""

    connection: ConnectionId
    peer: Peer
    listener: str


class Gone(asyncio.Event):
    """Set when nobody will read the answer; can be awaited, or tell a callback without a task."""

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: list[Callable[[], None]] = []

    def set(self) -> None:
        super().set()
        callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def on_set(self, callback: Callable[[], None]) -> None:
        """Calls it once, at once if it is set already."""
        if self.is_set():
            callback()
        else:
            self._callbacks.append(callback)


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without its payload.

    `timeout_seconds` is the time that was left when it was sent, None for no limit.  `gone` is
    set when that time has passed or the connection is closed: nobody will read the answer.  The
    handler goes on or stops as it sees fit.  `gone` is not set when the handler itself ends.
    """

    service: str
    method: str
    metadata: Metadata
    timeout_seconds: float | None
    caller: Caller
    stream: StreamId
    gone: Gone = field(default_factory=Gone, compare=False, repr=False)

    @classmethod
    def of(cls, caller: Caller, stream: StreamId, request: Request) -> "Call":
        timeout_seconds = request.timeout_nanoseconds / _NANOSECONDS or None
        return cls(
            request.service, request.method, request.metadata, timeout_seconds, caller, stream
        )


Method: TypeAlias = Callable[[Call, bytes], Awaitable[Result]]
"""Takes the encoded request message; an exception out of it is a bug and answers code 2."""

Services: TypeAlias = Mapping[str, Mapping[str, Method]]
"""Full service name, then method name."""


def find_method(services: Services, request: Request) -> Method | Status:
    methods = services.get(request.service)
    if methods is None:
        return unknown_service(request.service)
    return methods.get(request.method) or unknown_method(request.method)
