"""One containerd's event service: a connection that comes back, shared by all who use it."""

import asyncio
import logging
from typing import Final

from adapters.ttrpc import Client, Code, ConnectionLost, Metadata, Result, Status, connect

SERVICE: Final = "containerd.services.events.ttrpc.v1.Events"
METHOD: Final = "Forward"

CONNECT_SECONDS: Final = 5.0
# A containerd that is started again is back in about a second, and nobody waits for events but
# events: from a twentieth of a second up to two, doubling.
PAUSE_FIRST_SECONDS: Final = 0.05
PAUSE_MAX_SECONDS: Final = 2.0
# A containerd that comes back meets the events of every container at once.
_CALLS_AT_ONCE: Final = 16

_log = logging.getLogger(__name__)


class Upstream:
    """Connects when there is something to tell and again after each loss; `close` ends it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._calls = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def forward(self, request: bytes, metadata: Metadata, limit_seconds: float) -> Result:
        """One attempt: waits for a connection as long as it takes, then for the answer.

        A lost connection is code 14; whether containerd has the event is not known then.
        """
        async with self._calls:
            client = await self._connected()
            try:
                return await client.call(SERVICE, METHOD, request, limit_seconds, metadata)
            except ConnectionLost as lost:
                return Status(Code.UNAVAILABLE, str(lost))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is not None and self._client.closed.is_set():
                self.close()
            if self._client is None:
                self._client = await self._connect()
            return self._client

    async def _connect(self) -> Client:
        """Tries until there is a containerd; says once that there is none."""
        pause, has_said = PAUSE_FIRST_SECONDS, False
        while True:
            try:
                client = await connect(self._address, CONNECT_SECONDS)
            except OSError as error:  # TimeoutError is one
                if not has_said:
                    _log.warning("events wait for containerd at %s: %s", self._address, error)
                    has_said = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, PAUSE_MAX_SECONDS)
            else:
                if has_said:
                    _log.info("containerd at %s is back", self._address)
                return client
