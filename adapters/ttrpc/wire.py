"""A connected stream socket on the event loop: always read, write as the peer takes it.

Reading never waits for writing, so two ends that both have much to say cannot block each other
(F18).  An idle wire holds no buffer.

It is not an asyncio transport because a transport hides what the owner must one day see: the
unread bytes (to look at a request before it is consumed) and the unsent ones.
"""

import asyncio
import socket
from typing import Final, Protocol

_READ_BYTES: Final = 1 << 16
"""One read; others on the loop get their turn between two of them."""


class WireOwner(Protocol):
    def received(self, data: bytes) -> None:
        """Bytes arrived; never empty."""

    def ended(self, reason: OSError | None) -> None:
        """The peer is gone: end of file (None) or an error. The wire is closed, said once."""


class Wire:
    """Owns `sock` and closes it. All methods belong to the loop that was running at first."""

    __slots__ = ("_flushed", "_loop", "_owner", "_sock", "_unsent")

    def __init__(self, sock: socket.socket, owner: WireOwner) -> None:
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._sock: socket.socket | None = sock
        self._owner = owner
        # One buffer, not a queue of frames: a small frame costs its own bytes only, so a bound on
        # the bytes bounds the memory.  Taking from a bytearray's front does not move the rest.
        self._unsent = bytearray()
        self._flushed: asyncio.Future[None] | None = None
        self._loop.add_reader(sock, self._readable)

    @property
    def is_open(self) -> bool:
        return self._sock is not None

    @property
    def unsent_bytes(self) -> int:
        return len(self._unsent)

    def send(self, data: bytes) -> None:
        """Send now what the socket takes and the rest when it can; dropped on a closed wire."""
        if self._sock is None or not data:
            return
        if self._unsent:
            self._unsent += data
            return
        sent = self._send_some(self._sock, data)
        if sent < len(data):
            with memoryview(data) as view:
                self._unsent += view[sent:]
            self._loop.add_writer(self._sock, self._writable)

    async def flushed(self) -> None:
        """Wait until nothing is unsent or the wire is closed; the caller sets the deadline."""
        if not self._unsent:
            return
        if self._flushed is None:
            self._flushed = self._loop.create_future()
        await asyncio.shield(self._flushed)

    def stop_reading(self) -> None:
        """Leave further bytes, and the peer's end of file, in the kernel."""
        if self._sock is not None:
            self._loop.remove_reader(self._sock)

    def close(self) -> None:
        """Close at once; what is unsent is dropped. May be called again."""
        sock, self._sock = self._sock, None
        if sock is None:
            return
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)
        self._nothing_unsent()
        sock.close()

    def _readable(self) -> None:
        if self._sock is None:
            return
        try:
            data = self._sock.recv(_READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._owner.received(data)
        else:
            self._end(None)

    def _writable(self) -> None:
        if self._sock is None:
            return
        del self._unsent[: self._send_some(self._sock, self._unsent)]
        if not self._unsent:
            self._loop.remove_writer(self._sock)
            self._nothing_unsent()

    def _send_some(self, sock: socket.socket, data: bytes | bytearray) -> int:
        """Return how many bytes the socket took; an error ends the wire soon, not inside send."""
        try:
            return sock.send(data, socket.MSG_NOSIGNAL)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._loop.call_soon(self._end, error)
            return 0

    def _end(self, reason: OSError | None) -> None:
        if self._sock is not None:
            self.close()
            self._owner.ended(reason)

    def _nothing_unsent(self) -> None:
        self._unsent = bytearray()
        if self._flushed is not None:
            self._flushed.set_result(None)
            self._flushed = None
