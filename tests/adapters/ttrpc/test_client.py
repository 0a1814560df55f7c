import asyncio
import socket
from pathlib import Path

import pytest

from adapters.ttrpc import Call, Client, ConnectionLost, Method, Result, Status, connect
from adapters.ttrpc.envelope import Request, decode_request, encode_response

from .raw import (
    DEADLINE_SECONDS,
    RawClient,
    echo,
    open_descriptors,
    raw_frame,
    refuse,
    serving,
    within_deadline,
)

pytestmark = pytest.mark.asyncio


class Gate:
    """A method that waits until it is opened."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.reached = asyncio.Event()

    async def method(self, call: Call, payload: bytes) -> Result:  # noqa: ARG002 - a method's signature
        self.reached.set()
        await self.open.wait()
        return payload


def services(**methods: Method) -> dict[str, dict[str, Method]]:
    return {"test.Service": {"Echo": echo, "Refuse": refuse, **methods}}


async def call(client: Client, method: str, payload: bytes = b"") -> Result:
    return await client.call("test.Service", method, payload, DEADLINE_SECONDS)


async def pair() -> tuple[Client, RawClient, asyncio.StreamWriter]:
    """A client, and a server's end of its connection that does nothing by itself."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    return Client(ours), RawClient(reader, writer), writer


async def test_a_call_returns_its_answer_or_its_refusal(tmp_path: Path) -> None:
    async with serving(tmp_path, services()) as (_, path):
        client = await connect(path)
        assert await call(client, "Echo", b"x") == b"x"
        assert await call(client, "Refuse") == Status(5, "task x: not found")
        client.close()


async def test_many_calls_are_in_flight_at_once(tmp_path: Path) -> None:
    gate = Gate()
    async with serving(tmp_path, services(Wait=gate.method)) as (server, path):
        client = await connect(path)
        waiting = asyncio.gather(*(call(client, "Wait", b"%d" % n) for n in range(100)))
        assert await call(client, "Echo", b"x") == b"x"
        assert server.running_handlers == 100
        gate.open.set()
        assert await waiting == [b"%d" % n for n in range(100)]
        client.close()


async def test_metadata_and_the_time_that_is_left_reach_the_handler(tmp_path: Path) -> None:
    calls: list[Call] = []

    async def note(call: Call, payload: bytes) -> Result:
        calls.append(call)
        return payload

    metadata = (("containerd-namespace-ttrpc", "default"),)
    async with serving(tmp_path, services(Note=note)) as (_, path):
        client = await connect(path)
        await client.call("test.Service", "Note", b"", 2.5, metadata)
        await client.call("test.Service", "Note", b"", None)
        await client.call("test.Service", "Note", b"", float("inf"))
        client.close()
    assert [made.timeout_seconds for made in calls] == [2.5, None, 9e9]
    assert [made.metadata for made in calls] == [metadata, (), ()]


async def test_a_call_ends_at_its_deadline_though_the_server_never_reads() -> None:
    """F19: neither the answer nor the sending is waited for any longer."""
    ours, theirs = socket.socketpair()
    client = Client(ours)
    with theirs:
        result = await client.call("test.Service", "Echo", bytes(3 << 20), timeout_seconds=0.01)
        assert result == Status(4, "context deadline exceeded")
        assert not client._waiting  # a server that never answers must not make it grow
        client.close()


async def test_a_call_without_time_left_is_not_sent() -> None:
    ours, theirs = socket.socketpair()
    client = Client(ours)
    with theirs:
        assert await client.call("s", "m", b"", 0) == Status(4, "context deadline exceeded")
        client.close()
        assert theirs.recv(1) == b""


async def test_a_tiny_limit_is_not_sent_as_none() -> None:
    """T022: 0 on the wire is no limit."""
    client, server, writer = await pair()
    assert await client.call("s", "m", b"", 1e-12) == Status(4, "context deadline exceeded")
    request = decode_request((await server.frame()).data)
    assert request == Request("s", "m", b"", timeout_nanoseconds=1)
    client.close()
    writer.close()
    await writer.wait_closed()


async def test_a_late_answer_to_an_abandoned_call_is_dropped() -> None:
    client, server, writer = await pair()
    abandoned = asyncio.create_task(call(client, "Echo"))
    first = await server.frame()
    abandoned.cancel()
    with pytest.raises(asyncio.CancelledError):
        await abandoned
    waiting = asyncio.create_task(call(client, "Echo"))
    second = await server.frame()
    late = raw_frame(first.stream, 2, encode_response(b"late"))
    await server.send(late + raw_frame(second.stream, 2, encode_response(b"in time")))
    assert await waiting == b"in time"
    assert (first.stream, second.stream) == (1, 3)
    client.close()
    writer.close()
    await writer.wait_closed()


async def test_a_closed_connection_fails_all_pending_and_later_calls() -> None:
    client, server, writer = await pair()
    pending = [asyncio.create_task(call(client, "Wait")) for _ in range(3)]
    for _ in pending:
        await server.frame()
    server.vanish()
    outcomes = await asyncio.gather(*pending, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionLost] * 3
    await within_deadline(client.closed)
    with pytest.raises(ConnectionLost):
        await call(client, "Echo")
    writer.close()


async def test_closing_the_client_fails_its_pending_calls(tmp_path: Path) -> None:
    gate = Gate()
    async with serving(tmp_path, services(Wait=gate.method)) as (_, path):
        client = await connect(path)
        pending = asyncio.create_task(call(client, "Wait"))
        await within_deadline(gate.reached)
        client.close()
        with pytest.raises(ConnectionLost):
            await pending
        client.close()  # may be closed again


async def test_a_request_too_large_is_refused_here_and_the_connection_stays(tmp_path: Path) -> None:
    async with serving(tmp_path, services()) as (_, path):
        client = await connect(path)
        refused = await call(client, "Echo", bytes(4 << 20))
        assert isinstance(refused, Status)
        assert refused.code == 8
        assert await call(client, "Echo", b"x") == b"x"
        client.close()


async def test_requests_that_nobody_reads_are_refused_at_a_bound() -> None:
    """F19: a server that stopped reading must not fill the memory of its clients."""
    ours, theirs = socket.socketpair()
    client = Client(ours)
    with theirs:
        pending = [
            asyncio.create_task(call(client, "Echo", bytes((4 << 20) - 100))) for _ in range(20)
        ]
        await asyncio.sleep(0)
        refused = [await task for task in pending[18:]]
        assert [isinstance(result, Status) and result.code for result in refused] == [8, 8]
        client.close()
        outcomes = await asyncio.gather(*pending[:15], return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [ConnectionLost] * 15


async def test_nobody_listening_is_an_os_error_and_no_descriptor_stays(tmp_path: Path) -> None:
    before = open_descriptors()
    with pytest.raises(FileNotFoundError):
        await connect(str(tmp_path / "s"))
    assert open_descriptors() == before


async def test_a_server_too_busy_to_accept_is_waited_for(tmp_path: Path) -> None:
    """A full backlog answers EAGAIN, which is no connection."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as first:
        listening.bind(path)
        listening.listen(0)
        first.connect(path)
        with pytest.raises(TimeoutError):
            await connect(path, timeout_seconds=0.05)
        connecting = asyncio.create_task(connect(path, DEADLINE_SECONDS))
        await asyncio.sleep(0)
        accepted, _ = listening.accept()
        client = await connecting
        second, _ = listening.accept()
        client.close()
        accepted.close()
        second.close()
