import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.ttrpc import Peer, Server, listen, peer_is_ourselves
from adapters.ttrpc.peer import peer_of

from .raw import RawClient, echo, raw_client, request

SERVICES = {"test.Service": {"Echo": echo}}


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_of(ours) == Peer(os.getpid(), os.geteuid(), os.getegid())


def test_only_our_own_user_and_group_are_ourselves() -> None:
    """T026"""
    pid, uid, gid = os.getpid(), os.geteuid(), os.getegid()
    assert peer_is_ourselves(Peer(pid, uid, gid))
    assert not peer_is_ourselves(Peer(pid, uid + 1, gid))
    assert not peer_is_ourselves(Peer(pid, uid, gid + 1))


@pytest.mark.asyncio
async def test_a_refused_peer_is_closed_without_a_byte(tmp_path: Path) -> None:
    """T026: by a policy, whoever runs the tests."""
    asked: list[Peer] = []

    def nobody(peer: Peer) -> bool:
        asked.append(peer)
        return False

    server = Server(SERVICES, accept=nobody)
    server.add_listener(listen(str(tmp_path / "s")), "")
    async with raw_client(str(tmp_path / "s")) as client:
        assert await client.rest() == b""
    assert [peer.uid for peer in asked] == [os.geteuid()]
    assert server.connection_count == 0
    await server.close(grace_seconds=0)


@pytest.mark.asyncio
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_closed_without_a_byte() -> None:
    """T026: on an abstract socket, which no file mode guards (T027)."""
    name = f"\0ttrpc-test-{os.getpid()}"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(name)
    listening.listen()
    server = Server(SERVICES)
    server.add_listener(listening, "")
    for user, group in ((65534, 65534), (65534, 0), (0, 65534)):
        async with connected_as(user, group, name) as stranger:
            assert await stranger.rest() == b""
    async with connected_as(0, 0, name) as root:
        await root.send(request(1))
        assert await root.result(1) == b""
    await server.close(grace_seconds=0)


@contextlib.asynccontextmanager
async def connected_as(user: int, group: int, name: str) -> AsyncIterator[RawClient]:
    """Be somebody else while connecting: that is whom the kernel tells of, ever after."""
    sock = socket.socket(socket.AF_UNIX)
    os.setegid(group)
    os.seteuid(user)
    try:
        sock.connect(name)
    finally:
        os.seteuid(0)
        os.setegid(0)
    reader, writer = await asyncio.open_unix_connection(sock=sock)
    try:
        yield RawClient(reader, writer)
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.asyncio
async def test_a_socket_that_does_not_know_its_peer_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        theirs = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    with theirs:
        assert Server(SERVICES).adopt(ours, "") is None
        assert theirs.recv(1) == b""
