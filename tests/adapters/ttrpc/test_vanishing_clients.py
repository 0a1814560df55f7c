import asyncio
import contextlib
import socket
import sys
from pathlib import Path

import pytest

from adapters.ttrpc import Call, Method, Result

from .raw import echo, open_descriptors, raw_client, request, serving, within_deadline

pytestmark = pytest.mark.asyncio


class Deserted:
    """A method that waits for its caller to be gone, and counts how often that happened."""

    def __init__(self, times: int) -> None:
        self._left = times
        self.by_all = asyncio.Event()
        self.begun = asyncio.Event()

    async def method(self, call: Call, payload: bytes) -> Result:
        self.begun.set()
        await call.gone.wait()
        self._left -= 1
        if self._left == 0:
            self.by_all.set()
        return payload


def services(deserted: Deserted) -> dict[str, dict[str, Method]]:
    return {"test.Service": {"Echo": echo, "Wait": deserted.method}}


async def test_a_thousand_clients_that_vanish_mid_request_leave_no_descriptor(
    tmp_path: Path,
) -> None:
    """T037: what the kernel does to a killed client's sockets, a thousand times."""
    deserted = Deserted(1000)
    async with serving(tmp_path, services(deserted)) as (server, path):
        before = open_descriptors()
        for _ in range(1000):
            with contextlib.closing(socket.socket(socket.AF_UNIX)) as client:
                client.setblocking(False)
                client.connect(path)  # a backlog that is full would raise here
                client.send(request(1, "Wait") + request(3)[:20])
            await asyncio.sleep(0)
        await within_deadline(deserted.by_all)
        assert open_descriptors() == before
        assert server.connection_count == 0
        async with raw_client(path) as other:
            await other.send(request(1, payload=b"x"))
            assert await other.result(1) == b"x"
            assert server.running_handlers == 0


async def test_a_client_killed_mid_request_leaves_no_descriptor(tmp_path: Path) -> None:
    """T037, by SIGKILL"""
    program = (
        "import signal, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "s.connect(sys.argv[1])\n"
        "s.sendall(bytes.fromhex(sys.argv[2]))\n"
        "signal.pause()\n"
    )
    deserted = Deserted(1)
    async with serving(tmp_path, services(deserted)) as (_, path):
        before = open_descriptors()
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", "-c", program, path, request(1, "Wait").hex()
        )
        await within_deadline(deserted.begun)
        client.kill()
        await within_deadline(deserted.by_all)
        await client.wait()
        assert open_descriptors() == before
