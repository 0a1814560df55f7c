"""What containerd runs in front of a simulated shim: `start` says where it is, `delete` cleans up.

containerd looks for a program by the runtime's name (`io.containerd.simulated.v1` is
containerd-shim-simulated-v1), runs it with `start` in the bundle and takes the address that it
prints. The shim itself runs already: `shimctl sim serve --launcher FILE` writes the program.
"""

import asyncio
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from adapters.messages import task_pb2
from adapters.task_service.namespace import METADATA_KEY
from adapters.ttrpc import ConnectionLost, Result, Status, connect
from entrypoints.places import VERSION
from entrypoints.shim import bootstrap, bundle, control, wire
from entrypoints.shim import flags as command_line
from entrypoints.shim.flags import Flags, Misused
from entrypoints.simulated.service import CLEAN_UP

RUNTIME: Final = "io.containerd.simulated.v1"
BINARY: Final = "containerd-shim-simulated-v1"
# By this line a launcher is known as ours.
MARK: Final = "# Written by `shimctl sim serve`, which removes it at its end."
KILLED: Final = 137
# containerd kills a `delete` after 5 s.
CLEAN_UP_SECONDS: Final = 4.5
CONNECT_SECONDS: Final = 1.0
# A shim that has died serves again after some 2 s, and the moment that it needs to recover.
COME_BACK_SECONDS: Final = 4.0
LOOK_SECONDS: Final = 0.05
_STDIN: Final = 0


def text(socket: str) -> str:
    """The program that leads to this socket, as a script for the shell."""
    program = (sys.executable, "-I", str(Path(__file__).parent), socket)
    return f'#!/bin/sh\n{MARK}\nexec {shlex.join(program)} "$@"\n'


def main(words: list[str]) -> int:
    """`words`: the socket, then what containerd says. The exit status."""
    socket, *rest = words
    flags = command_line.parse(rest)
    if isinstance(flags, Misused):
        return _complain(flags.complaint or "containerd runs this program", 2)
    if flags.switches["v"] or flags.switches["version"]:
        return _say(f"{BINARY}:\n  Version: {VERSION}\n".encode())
    if flags.switches["info"]:
        return _say(wire.text(1, RUNTIME) + wire.message(2, wire.text(1, VERSION)))
    match flags.action:
        case "start":
            return _start(socket, flags)
        case "delete":
            until = time.monotonic() + CLEAN_UP_SECONDS
            _serves(socket)
            return _say(asyncio.run(_clean_up(socket, flags, until - time.monotonic())))
        case other:
            return _complain(f"unknown action {other!r}", 2)


def _start(socket: str, flags: Flags) -> int:
    folder = flags.texts["bundle"] or str(Path.cwd())
    data = bootstrap.read_input(_STDIN)
    params = bootstrap.params(data, flags.texts["namespace"], flags.texts["id"])
    if not _serves(socket):
        return _complain(f"nobody serves on {socket}: is `shimctl sim serve` running?", 1)
    address = f"unix://{socket}"
    events = (params.ttrpc_address if params else "") or os.environ.get("TTRPC_ADDRESS", "")
    bad = bundle.leave(folder, address, debug=False, ttrpc_address=events)
    if bad is not None:
        return _complain(bad.reason, 1)
    return _say(bootstrap.answer(address, to_params=params is not None))


def _serves(socket: str) -> bool:
    """Whether somebody listens there, be it in a moment: the shim may be between two lives."""
    until = time.monotonic() + COME_BACK_SECONDS
    while control.listens(socket) is not True:
        if time.monotonic() >= until:
            return False
        time.sleep(LOOK_SECONDS)
    return True


async def _clean_up(socket: str, flags: Flags, within_s: float) -> bytes:
    """A DeleteResponse: the shim's, or that of a container of which nobody knows anything."""
    folder = flags.texts["bundle"] or str(Path.cwd())
    try:
        async with asyncio.timeout(within_s):
            answer = await _ask(socket, flags.texts["namespace"], flags.texts["id"], folder)
    except (OSError, TimeoutError, ConnectionLost) as why:
        answer = Status(14, str(why))
    if not isinstance(answer, Status):
        return answer
    sys.stderr.write(f"{BINARY}: {answer.message}\n")
    seconds, nanos = divmod(time.time_ns(), 1_000_000_000)
    exited_at = Timestamp(seconds=seconds, nanos=nanos)
    return task_pb2.DeleteResponse(exit_status=KILLED, exited_at=exited_at).SerializeToString()


async def _ask(socket: str, namespace: str, container: str, folder: str) -> Result:
    client = await connect(socket, CONNECT_SECONDS)
    try:
        request = task_pb2.CreateTaskRequest(id=container, bundle=folder).SerializeToString()
        metadata = ((METADATA_KEY, namespace),)
        return await client.call(*CLEAN_UP, request, CLEAN_UP_SECONDS, metadata)
    finally:
        client.close()


def _say(answer: bytes) -> int:
    sys.stdout.buffer.write(answer)
    return 0


def _complain(why: str, status: int) -> int:
    sys.stderr.write(f"{BINARY}: {why}\n")
    return status
