"""Writes to the bus's socket: in order, without waiting, as few writes as can be."""

import asyncio
import socket


class Sender:
    """All that is put during one turn of the event loop goes out in one write: each write wakes
    the bus, which costs more than all the rest of a small message."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self._bytes = bytearray()
        self._is_due = False  # a write is scheduled, or the socket is full and watched

    def put(self, message: bytes) -> None:
        """Never blocks; a connection that is lost swallows it, which its reader notices."""
        self._bytes += message
        if not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._write)

    def close(self) -> None:
        """Whatever is not written yet never will be."""
        self._bytes.clear()
        self._loop.remove_writer(self._sock)

    def _write(self) -> None:
        if not self._bytes:
            self._is_due = False
            return
        try:
            sent = self._sock.send(self._bytes)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        del self._bytes[:sent]
        if self._bytes:
            self._loop.add_writer(self._sock, self._write)
        else:
            self._is_due = False
            self._loop.remove_writer(self._sock)
