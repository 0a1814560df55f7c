"""The control socket: what the short-lived `start` and `delete` commands ask the daemon.

One request a connection, one line each way (entrypoints/shim/control.py is the other side).
"""

import asyncio
import logging
import socket
from typing import Final

from returns.result import Failure

from adapters import log_fields
from adapters.concurrency import AsyncioLatch
from adapters.task_service.refusals import status_of
from adapters.task_service.replies import NS_PER_S
from adapters.ttrpc.peer import peer_is_ourselves, peer_of
from domain.caller import Caller
from domain.identity import container_key, is_identifier
from domain.outcome import failed
from domain.refusal import InvalidArgument, Refusal
from domain.shim import Shim
from domain.use_cases.clean_up import clean_up
from entrypoints.daemon.namespaces import NamespaceSockets

# A path is at most 4 KiB, an identifier 76 bytes.
LINE_BYTES_MAX: Final = 8_192
# Somebody who connects and says nothing holds one descriptor for no longer.
REQUEST_SECONDS: Final = 10.0

_log = logging.getLogger(__name__)


class Control:
    """Answers requests; each connection is a task that `close` ends."""

    def __init__(self, shim: Shim, namespaces: NamespaceSockets) -> None:
        self._shim = shim
        self._namespaces = namespaces
        self._server: asyncio.Server | None = None

    async def serve(self, listening: socket.socket) -> None:
        # Not start_unix_server: from Python 3.13 on its close unlinks the socket's file, which is
        # systemd's, and every `delete` until the next boot would go the long way round.
        self._server = await asyncio.start_server(
            self._converse, sock=listening, limit=LINE_BYTES_MAX
        )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not peer_is_ourselves(peer_of(writer.get_extra_info("socket"))):
                return
            async with asyncio.timeout(REQUEST_SECONDS):
                line = await reader.readuntil(b"\n")
            writer.write(f"{await self._answer(line.decode(errors='replace'))}\n".encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as why:
            _log.warning("a request on the control socket is not answered: %s", why)
        except ConnectionError as why:
            _log.info("whoever asked on the control socket has gone: %s", why)
        finally:
            writer.close()

    async def _answer(self, line: str) -> str:
        verb, _, rest = line.rstrip("\n").partition(" ")
        match verb:
            case "open":
                return self._open(rest)
            case "delete":
                return await self._delete(rest)
            case _:
                return f"error unknown request {verb!r}"

    def _open(self, namespace: str) -> str:
        if not is_identifier(namespace):
            return f"error namespace {namespace!r} is no containerd identifier"
        try:
            return f"ok {self._namespaces.open(namespace)}"
        except OSError as why:
            return f"error cannot listen for namespace {namespace}: {why}"

    async def _delete(self, rest: str) -> str:
        namespace, _, rest = rest.partition(" ")
        container, _, bundle = rest.partition(" ")
        owner = container_key(namespace, container)
        if failed(owner):
            return _error(owner.failure())
        if not bundle.startswith("/"):
            return _error(InvalidArgument(f"bundle {bundle!r} is no absolute path"))
        with log_fields.about(owner.unwrap()):
            # The command's caller may be killed any time; the clean-up goes on to its end.
            caller = Caller(AsyncioLatch())
            outcome = await clean_up(self._shim, caller, owner.unwrap(), bundle)
        if isinstance(outcome, Failure):
            return _error(outcome.failure())
        departed = outcome.unwrap()
        seconds, nanos = divmod(departed.exit.at, NS_PER_S)
        return f"ok {departed.pid} {departed.exit.status} {seconds} {nanos}"


def _error(refusal: Refusal) -> str:
    return f"error {' '.join(status_of(refusal).message.split())}"
