"""A ttrpc server on asyncio, for unix sockets that others made or accepted."""

import asyncio
import itertools
import logging
import socket
from functools import partial

from .call import Caller, ConnectionId, Services
from .connection import DEFAULT_LIMITS, Connection, Limits, Surroundings
from .handlers import Handlers
from .listener import Listener
from .peer import PeerPolicy, peer_is_ourselves, peer_of

_log = logging.getLogger(__name__)


class Server:
    """Serves `services` on any number of listening sockets and connections.

    Handlers run concurrently and are not cancelled when their caller is gone (`Call.gone` tells
    them); they belong to the server, and `close` ends them.  Everything but the constructor
    needs a running loop, always the same one.
    """

    def __init__(
        self,
        services: Services,
        accept: PeerPolicy = peer_is_ourselves,
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self._accept = accept
        self._handlers = Handlers()
        self._surroundings = Surroundings(services, limits, self._handlers, self._forget)
        self._listeners: dict[str, Listener] = {}
        self._connections: dict[ConnectionId, Connection] = {}
        self._ids = itertools.count(1)

    @property
    def connection_count(self) -> int:
        return len(self._connections)

    @property
    def running_handlers(self) -> int:
        """Handlers that have not ended, with or without somebody who waits for them."""
        return len(self._handlers)

    def add_listener(self, sock: socket.socket, label: str) -> None:
        """Accept from a listening socket, which becomes the server's; its calls carry `label`.

        A label that is in use is a bug: `ValueError`.
        """
        if label in self._listeners:
            raise ValueError(f"there is a listener {label!r} already")
        self._listeners[label] = Listener(sock, partial(self._accepted, label=label))

    def remove_listener(self, label: str) -> None:
        """Close a listening socket; what it accepted stays. The file, if any, is its maker's."""
        self._listeners.pop(label).close()

    def adopt(self, sock: socket.socket, listener: str) -> ConnectionId | None:
        """Serve a connected socket, which becomes the server's, as if `listener` had accepted it.

        None if the peer was refused; the socket is closed then, without a byte.
        """
        peer = peer_of(sock)
        if not self._accept(peer):
            _log.warning("%s on %r is refused", peer, listener)
            sock.close()
            return None
        caller = Caller(ConnectionId(next(self._ids)), peer, listener)
        self._connections[caller.connection] = Connection(sock, caller, self._surroundings)
        return caller.connection

    async def close(self, grace_seconds: float) -> None:
        """Take no more requests, let the handlers end, then cancel them and close everything.

        Requests that arrive after this begins stay unread.  Handlers and unsent answers have
        `grace_seconds` together.
        """
        deadline = asyncio.get_running_loop().time() + grace_seconds
        for label in list(self._listeners):
            self.remove_listener(label)
        for connection in self._connections.values():
            connection.stop_reading()
        await self._handlers.finish(grace_seconds)
        await self._flush(deadline)
        for connection in list(self._connections.values()):
            connection.close()

    async def _flush(self, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                for connection in list(self._connections.values()):
                    await connection.flushed()
        except TimeoutError:
            _log.info("closing with answers that nobody reads")

    def _accepted(self, sock: socket.socket, label: str) -> None:
        self.adopt(sock, label)

    def _forget(self, connection: ConnectionId) -> None:
        self._connections.pop(connection, None)
