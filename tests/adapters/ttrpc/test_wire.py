import asyncio
import socket

import pytest

from adapters.ttrpc.wire import Wire

from .raw import DEADLINE_SECONDS, within_deadline

pytestmark = pytest.mark.asyncio

LARGE = bytes(range(256)) * 4096


class Owner:
    def __init__(self) -> None:
        self.data = bytearray()
        self.over = asyncio.Event()
        self.reasons: list[OSError | None] = []

    def received(self, data: bytes) -> None:
        self.data += data

    def ended(self, reason: OSError | None) -> None:
        self.reasons.append(reason)
        self.over.set()


async def read_exactly(sock: socket.socket, length: int) -> bytes:
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    data = b""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(data) < length:
            data += await loop.sock_recv(sock, 1 << 16)
    return data


async def test_what_is_sent_while_something_is_unsent_comes_after_it() -> None:
    """Also when the socket has room again and the loop has not said so yet."""
    ours, theirs = socket.socketpair()
    wire = Wire(ours, Owner())
    with theirs:
        wire.send(LARGE)
        taken = theirs.recv(1 << 16)
        while len(taken) < len(LARGE) - wire.unsent_bytes:
            taken += theirs.recv(1 << 16)
        wire.send(b"tail")
        rest = len(LARGE) + 4 - len(taken)
        assert taken + await read_exactly(theirs, rest) == LARGE + b"tail"
        wire.close()


async def test_a_wire_with_nothing_unsent_does_not_ask_to_write() -> None:
    """L13: a socket with room is always writable, so asking would spin the loop."""
    ours, theirs = socket.socketpair()
    wire = Wire(ours, Owner())
    with theirs:
        wire.send(LARGE)
        await read_exactly(theirs, len(LARGE))
        async with asyncio.timeout(DEADLINE_SECONDS):
            await wire.flushed()
        assert not asyncio.get_running_loop().remove_writer(ours)
        wire.close()


async def test_a_wire_that_does_not_read_learns_from_writing_that_its_peer_is_gone() -> None:
    ours, theirs = socket.socketpair()
    owner = Owner()
    wire = Wire(ours, owner)
    wire.stop_reading()
    theirs.close()
    wire.send(b"x")
    assert not owner.reasons  # told soon, not from inside send
    await within_deadline(owner.over)
    assert [type(reason) for reason in owner.reasons] == [BrokenPipeError]
    assert not wire.is_open


async def test_closing_lets_go_whoever_waits_for_the_rest_to_be_sent() -> None:
    ours, theirs = socket.socketpair()
    owner = Owner()
    wire = Wire(ours, owner)
    with theirs:
        wire.send(LARGE)
        waiting = asyncio.create_task(wire.flushed())
        await asyncio.sleep(0)
        wire.close()
        wire.close()
        wire.send(b"dropped")
        async with asyncio.timeout(DEADLINE_SECONDS):
            await waiting
    assert not owner.reasons  # whoever closes knows


async def test_what_the_peer_sent_before_it_went_is_received() -> None:
    ours, theirs = socket.socketpair()
    owner = Owner()
    Wire(ours, owner)
    with theirs:
        theirs.send(b"last words")
    await within_deadline(owner.over)
    assert bytes(owner.data) == b"last words"
    assert owner.reasons == [None]
