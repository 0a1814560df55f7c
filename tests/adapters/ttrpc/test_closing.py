"""How a server ends, and takes over what another left."""

import asyncio
import socket
from pathlib import Path

import pytest

from adapters.ttrpc import Server, Status

from .methods import Waiting, services
from .raw import (
    DEADLINE_SECONDS,
    RawClient,
    raw_client,
    request,
    serving,
    within_deadline,
)

pytestmark = pytest.mark.asyncio


async def test_closing_lets_handlers_end_and_sends_their_answers(tmp_path: Path) -> None:
    waiting = Waiting()
    async with (
        serving(tmp_path, services(Wait=waiting.method)) as (server, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Wait", b"done"))
        await within_deadline(waiting.begun)
        closing = asyncio.create_task(server.close(DEADLINE_SECONDS))
        await client.send(request(3))  # arrives too late to be taken
        waiting.let_go.set()
        assert await client.result(1) == b"done"
        await closing
        with pytest.raises(ConnectionResetError):  # an unread request was thrown away
            await client.rest()


async def test_closing_cancels_handlers_after_the_grace(tmp_path: Path) -> None:
    waiting = Waiting()
    async with (
        serving(tmp_path, services(Wait=waiting.method)) as (server, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Wait"))
        await within_deadline(waiting.begun)
        await server.close(grace_seconds=0)
        assert waiting.ended.is_set()
        assert server.running_handlers == 0
        assert await client.result(1) == Status(1, "context canceled")
        assert await client.rest() == b""


async def test_a_connected_socket_can_be_adopted() -> None:
    """The seam for connections that outlive a daemon in systemd's file descriptor store."""
    ours, theirs = socket.socketpair()
    server = Server(services())
    assert server.adopt(ours, "kept") == 1
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    client = RawClient(reader, writer)
    await client.send(request(4711, payload=b"x"))
    assert await client.result(4711) == b"x"
    await server.close(grace_seconds=0)
    assert await client.rest() == b""
    writer.close()
    await writer.wait_closed()
