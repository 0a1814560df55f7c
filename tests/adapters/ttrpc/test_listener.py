import errno
import os
import resource
import socket
import stat
from pathlib import Path

import pytest

from adapters.ttrpc import Call, Method, Result, Server, listen

from .raw import echo, open_descriptors, raw_client, request


async def say_listener(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - a method's signature
    return call.caller.listener.encode()


SERVICES: dict[str, dict[str, Method]] = {
    "test.Service": {"Echo": echo, "Listener": say_listener},
}


def test_a_socket_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    """T027"""
    former = os.umask(0)
    try:
        with listen(str(tmp_path / "s")):
            assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    finally:
        os.umask(former)


def test_a_socket_that_cannot_be_bound_is_not_left_open(tmp_path: Path) -> None:
    before = open_descriptors()
    with pytest.raises(OSError, match="No such file") as caught:
        listen(str(tmp_path / "missing" / "s"))
    assert caught.value.errno == errno.ENOENT
    assert open_descriptors() == before


@pytest.mark.asyncio
async def test_listeners_come_and_go_and_calls_carry_their_labels(tmp_path: Path) -> None:
    """One for each containerd namespace, where requests do not name theirs."""
    server = Server(SERVICES)
    paths = {label: str(tmp_path / label) for label in ("default", "k8s.io")}
    for label, path in paths.items():
        server.add_listener(listen(path), label)
    for label, path in paths.items():
        async with raw_client(path) as client:
            await client.send(request(1, "Listener"))
            assert await client.result(1) == label.encode()
    async with raw_client(paths["default"]) as client:
        await client.send(request(1))
        await client.result(1)
        server.remove_listener("default")
        with pytest.raises(ConnectionRefusedError), socket.socket(socket.AF_UNIX) as late:
            late.connect(paths["default"])
        await client.send(request(3, "Listener"))  # what was accepted stays
        assert await client.result(3) == b"default"
    async with raw_client(paths["k8s.io"]) as client:
        await client.send(request(1))
        assert await client.result(1) == b""
    await server.close(grace_seconds=0)


@pytest.mark.asyncio
async def test_a_label_cannot_be_given_twice(tmp_path: Path) -> None:
    server = Server(SERVICES)
    server.add_listener(listen(str(tmp_path / "1")), "default")
    with listen(str(tmp_path / "2")) as second, pytest.raises(ValueError, match="default"):
        server.add_listener(second, "default")
    await server.close(grace_seconds=0)


@pytest.mark.asyncio
async def test_a_server_out_of_descriptors_accepts_again_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """L13: one try and one line in the log for each pause, not a spinning loop."""
    path = str(tmp_path / "s")
    server = Server(SERVICES)
    server.add_listener(listen(path), "")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    async with raw_client(path) as before:
        await before.send(request(1))
        await before.result(1)
        with socket.socket(socket.AF_UNIX) as waiting:
            resource.setrlimit(resource.RLIMIT_NOFILE, (waiting.fileno() + 1, hard))
            try:
                waiting.connect(path)
                for stream in range(3, 203, 2):  # a hundred turns of the loop
                    await before.send(request(stream))
                    await before.result(stream)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            assert caplog.text.count("cannot accept") == 1
    async with raw_client(path) as later:
        await later.send(request(1, payload=b"x"))
        assert await later.result(1) == b"x"
    await server.close(grace_seconds=0)
