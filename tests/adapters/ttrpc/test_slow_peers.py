"""Peers that do not read, or read slowly (F18, F19)."""

import asyncio
import socket
from pathlib import Path

import pytest

from adapters.ttrpc import Call, Limits, Method, Result, Server
from adapters.ttrpc.envelope import encode_response

from .raw import (
    DEADLINE_SECONDS,
    RawClient,
    echo,
    raw_client,
    raw_frame,
    request,
    serving,
    within_deadline,
)

pytestmark = pytest.mark.asyncio

LARGE = 1 << 20


class Counting:
    """A method with a large answer, which tells when it was called often enough."""

    def __init__(self, calls: int) -> None:
        self._left = calls
        self.enough = asyncio.Event()

    async def method(self, call: Call, payload: bytes) -> Result:  # noqa: ARG002 - a method's signature
        self._left -= 1
        if self._left == 0:
            self.enough.set()
        return bytes(LARGE)


def services(**methods: Method) -> dict[str, dict[str, Method]]:
    return {"test.Service": {"Echo": echo, **methods}}


async def test_a_client_that_does_not_read_is_heard_all_the_same(tmp_path: Path) -> None:
    """F18: the server reads on while its answers wait, and serves everybody else."""
    counting = Counting(30)
    async with (
        serving(tmp_path, services(Large=counting.method)) as (_, path),
        raw_client(path) as idle,
        raw_client(path) as other,
    ):
        for stream in range(1, 61, 2):
            await idle.send(request(stream, "Large"))
        await within_deadline(counting.enough)
        await other.send(request(1, payload=b"x"))
        assert await other.result(1) == b"x"
        answered = {(await idle.frame()).stream for _ in range(30)}
        assert answered == set(range(1, 61, 2))  # nothing was lost by waiting


async def test_a_client_that_never_reads_is_dropped_at_the_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """F19"""
    counting = Counting(4)
    limits = Limits(unsent_bytes_max=3 * LARGE)
    async with (
        serving(tmp_path, services(Large=counting.method), limits) as (server, path),
        raw_client(path) as idle,
        raw_client(path) as other,
    ):
        await idle.send(b"".join(request(stream, "Large") for stream in (1, 3, 5, 7)))
        await within_deadline(counting.enough)
        await other.send(request(1, payload=b"x"))
        assert await other.result(1) == b"x"
        assert server.connection_count == 1
    assert "does not read its answers" in caplog.text


async def test_a_request_behind_what_made_its_connection_be_dropped_has_no_effect() -> None:
    counting = Counting(1)
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel's minimum
    server = Server(services(Large=counting.method), limits=Limits(unsent_bytes_max=0))
    with theirs:
        refused = raw_frame(2, 1, b"") * 1000
        theirs.sendall(refused + request(1, "Large"))  # all there before the server reads
        server.adopt(ours, "")
        theirs.setblocking(False)
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await asyncio.get_running_loop().sock_recv(theirs, 1 << 16):
                pass
        assert (server.connection_count, server.running_handlers) == (0, 0)
        assert not counting.enough.is_set()
    await server.close(grace_seconds=0)


async def test_small_socket_buffers_both_ways_do_not_deadlock() -> None:
    """F18: both ends have more to say than the sockets hold, and this client reads last."""
    ours, theirs = socket.socketpair()
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # the kernel's minimum
    server = Server(services())
    server.adopt(ours, "")
    reader, writer = await asyncio.open_unix_connection(sock=theirs, limit=1)
    client = RawClient(reader, writer)
    payload = bytes(100_000)
    for stream in range(1, 41, 2):
        await client.send(request(stream, payload=payload))
    expected = {raw_frame(stream, 2, encode_response(payload)) for stream in range(1, 41, 2)}
    frames = [await client.frame() for _ in range(20)]
    assert {raw_frame(f.stream, f.kind, f.data) for f in frames} == expected
    await server.close(grace_seconds=0)
    writer.close()
    await writer.wait_closed()


async def test_closing_does_not_wait_for_a_client_that_does_not_read(tmp_path: Path) -> None:
    counting = Counting(1)
    async with (
        serving(tmp_path, services(Large=counting.method)) as (server, path),
        raw_client(path) as idle,
    ):
        await idle.send(request(1, "Large"))
        await within_deadline(counting.enough)
        await server.close(grace_seconds=0)
        assert server.connection_count == 0


async def test_closing_sends_a_reading_client_the_whole_of_its_answer(tmp_path: Path) -> None:
    counting = Counting(1)
    async with (
        serving(tmp_path, services(Large=counting.method)) as (server, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Large"))
        await within_deadline(counting.enough)
        closing = asyncio.create_task(server.close(grace_seconds=20))
        assert await client.result(1) == bytes(LARGE)
        assert await client.rest() == b""
        await closing
