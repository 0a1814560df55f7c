"""A ttrpc client on asyncio: many calls in flight on one unix socket."""

import asyncio
import socket
from typing import Final

from .client_protocol import ClientProtocol, StreamsUsedUp
from .envelope import Metadata, Request, Result
from .frame import StreamId
from .status import DEADLINE_EXCEEDED, Code, Status
from .wire import Wire

_NANOSECONDS: Final = 1_000_000_000
_TIMEOUT_SECONDS_MAX: Final = 9e9
"""About what an int64 of nanoseconds holds; 285 years."""

_UNSENT_BYTES_MAX: Final = 64 << 20
"""Requests that a server does not read are kept up to this; more are refused (F19)."""

_BUSY_SECONDS: Final = 0.01


class ConnectionLost(ConnectionError):  # noqa: N818 - says what happened, as ConnectionResetError
    """The connection is closed: whether the call was carried out is not known."""


class Client:
    """Owns a connected socket. It does not reconnect; `closed` is set when the connection ends."""

    def __init__(self, sock: socket.socket) -> None:
        self.closed = asyncio.Event()
        self._protocol = ClientProtocol()
        self._waiting: dict[StreamId, asyncio.Future[Result]] = {}
        self._wire = Wire(sock, self)

    async def call(
        self,
        service: str,
        method: str,
        payload: bytes,
        timeout_seconds: float | None,
        metadata: Metadata = (),
    ) -> Result:
        """Call a method; return its answer message, or the status with which it was refused.

        Without an answer in `timeout_seconds` (None: no limit, for calls such as Wait) the
        outcome is code 4, whether the server is slow or does not even read (F19); the server is
        told the same limit.  A request too large, or more unsent bytes than
        are kept, is code 8 and nothing is sent.  Raises `ConnectionLost`.
        """
        if timeout_seconds is not None and timeout_seconds <= 0:
            return DEADLINE_EXCEEDED
        request = Request(service, method, payload, _nanoseconds(timeout_seconds), metadata)
        waiting = self._send(request)
        if isinstance(waiting, Status):
            return waiting
        stream, answer = waiting
        try:
            async with asyncio.timeout(timeout_seconds):
                return await answer
        except TimeoutError:
            return DEADLINE_EXCEEDED
        finally:
            self._waiting.pop(stream, None)

    def close(self) -> None:
        """Close the connection at once; calls in flight end with `ConnectionLost`."""
        self._wire.close()
        self._lose("the client was closed")

    def received(self, data: bytes) -> None:
        for answered in self._protocol.receive(data):
            answer = self._waiting.pop(answered.stream, None)
            if answer is not None and not answer.done():
                answer.set_result(answered.result)

    def ended(self, reason: OSError | None) -> None:
        self._lose(str(reason) if reason is not None else "the server closed the connection")

    def _send(self, request: Request) -> tuple[StreamId, asyncio.Future[Result]] | Status:
        if not self._wire.is_open:
            raise ConnectionLost("the connection is closed")
        if self._wire.unsent_bytes > _UNSENT_BYTES_MAX:
            return Status(Code.RESOURCE_EXHAUSTED, "the server does not read its requests")
        sending = self._protocol.open(request)
        if isinstance(sending, Status):
            return sending
        if isinstance(sending, StreamsUsedUp):
            self.close()
            raise ConnectionLost("the connection has used up its stream ids")
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting[sending.stream] = answer
        self._wire.send(sending.data)
        return sending.stream, answer

    def _lose(self, reason: str) -> None:
        self.closed.set()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionLost(reason))
        self._waiting.clear()


async def connect(path: str, timeout_seconds: float = 5.0) -> Client:
    """Connect to a unix socket; a leading NUL makes `path` an abstract name.

    Raises `OSError` as connect(2), `TimeoutError` when a busy server's backlog stays full.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(timeout_seconds):
            await _connect(sock, path)
        return Client(sock)
    except BaseException:
        sock.close()
        raise


async def _connect(sock: socket.socket, path: str) -> None:
    """Try until the backlog has room.

    A unix socket that does not block says EAGAIN then (connect(2)), and no event tells when to
    come again; asyncio's own sock_connect takes it for a connection under way, and reports one.
    """
    while True:
        try:
            sock.connect(path)
        except BlockingIOError:
            await asyncio.sleep(_BUSY_SECONDS)
        else:
            return


def _nanoseconds(timeout_seconds: float | None) -> int:
    """Return the wire's form of a limit, where 0 is none: a tiny one must not become that."""
    if timeout_seconds is None:
        return 0
    return max(1, int(min(timeout_seconds, _TIMEOUT_SECONDS_MAX) * _NANOSECONDS))
