"""Listening sockets: making one, and accepting from it."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from typing import Final

_log = logging.getLogger(__name__)

_BACKLOG: Final = socket.SOMAXCONN
_ACCEPTS_AT_ONCE: Final = 16
"""A storm of connections must leave the open ones their turn on the loop."""

_PAUSE_SECONDS: Final = 1.0
"""After accept(2) failed for want of descriptors or memory: the socket stays readable, and
without a pause the loop would spin on it."""


def listen(path: str) -> socket.socket:
    """Bind a unix socket that only its owner may connect to (T027); `OSError` as bind(2).

    Linux gives the file the mode that the unbound socket has (unix_bind, net/unix/af_unix.c), so
    it is never there with a wider one, and the umask of the process is left alone.
    """
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(sock.fileno(), 0o600)
        sock.bind(path)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


class Listener:
    """Owns `sock` and closes it; hands each accepted socket on."""

    __slots__ = ("_accepted", "_loop", "_pause", "_sock")

    def __init__(self, sock: socket.socket, accepted: Callable[[socket.socket], None]) -> None:
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._accepted = accepted
        self._pause: asyncio.TimerHandle | None = None
        self._resume()

    def close(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)
        self._sock.close()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._sock, self._readable)

    def _readable(self) -> None:
        for _ in range(_ACCEPTS_AT_ONCE):
            try:
                sock, _address = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                _log.error("cannot accept, trying again in %s s: %s", _PAUSE_SECONDS, error)
                self._loop.remove_reader(self._sock)
                self._pause = self._loop.call_later(_PAUSE_SECONDS, self._resume)
                return
            self._accepted(sock)
