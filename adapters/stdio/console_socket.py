"""The socket on which runc hands over a terminal's master (runc's docs/terminals.md)."""

import array
import asyncio
import ctypes
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from adapters.mounts.libc import LIBC
from domain.refusal import StdioFailed

FOLDER: Final = Path("/run/containerd-systemd/pty")
# unix(7): sun_path has 108 bytes with its NUL.
PATH_MAX: Final = 107
# runc's message is the pty's name and one descriptor; room for more, to be able to close them.
_NAME_MAX: Final = 4096
_DESCRIPTORS_MAX: Final = 16


def sweep(folder: Path = FOLDER) -> None:
    """Removes what a daemon that was killed left behind (D38): nobody listens there any more."""
    if folder.is_dir():
        for left_over in folder.iterdir():
            shutil.rmtree(left_over, ignore_errors=True)


class ConsoleSocket:
    """One socket for one terminal, in a folder that is root's alone."""

    def __init__(self, listener: socket.socket, path: Path) -> None:
        self.path: Final = path
        self._listener: Final = listener
        self._connection: socket.socket | None = None

    @classmethod
    def open(cls, folder: Path) -> "Result[ConsoleSocket, StdioFailed]":
        """A socket that listens; StdioFailed if the path is too long or cannot be made."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            own = Path(tempfile.mkdtemp(prefix="", dir=folder))
        except OSError as error:
            return Failure(StdioFailed(f"console socket: {error.strerror}: {error.filename}"))
        path = own / "s"
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        console = cls(listener, path)
        try:
            if len(os.fsencode(path)) > PATH_MAX:
                console.close()
                return Failure(StdioFailed(f"console socket: more than {PATH_MAX} bytes: {path}"))
            listener.bind(os.fspath(path))
            listener.listen(1)
        except OSError as error:
            console.close()
            return Failure(StdioFailed(f"console socket: {error.strerror}: {path}"))
        return Success(console)

    async def master(self) -> Result[int, StdioFailed]:
        """What the first who connects hands over; then the socket is gone, either way.

        Waits as long as nobody comes; `close` does not end this wait, cancellation does.
        """
        loop = asyncio.get_running_loop()
        try:
            self._connection, _ = await loop.sock_accept(self._listener)
            self._connection.setblocking(False)
            await _readable(loop, self._connection)
            return _received(self._connection)
        except OSError as error:
            return Failure(StdioFailed(f"console socket: {error.strerror}"))
        finally:
            self.close()

    def close(self) -> None:
        """Removes socket and folder."""
        self._listener.close()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        shutil.rmtree(self.path.parent, ignore_errors=True)


async def _readable(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> None:
    there = asyncio.Event()
    loop.add_reader(connection, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(connection)


def _received(connection: socket.socket) -> Result[int, StdioFailed]:
    # Close-on-exec from the first instant: no container may inherit another's terminal (T243).
    name, ancillary, _, _ = connection.recvmsg(
        _NAME_MAX, socket.CMSG_SPACE(_DESCRIPTORS_MAX * 4), socket.MSG_CMSG_CLOEXEC
    )
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            whole = len(content) - len(content) % descriptors.itemsize
            descriptors.frombytes(content[:whole])
    if len(descriptors) == 1 and is_master(descriptors[0]):
        return Success(descriptors[0])
    for descriptor in descriptors:
        os.close(descriptor)
    if not name and not descriptors:
        return Failure(StdioFailed("console socket: closed before a terminal was sent"))
    return Failure(StdioFailed("console socket: what was sent is not one terminal's master"))


def is_master(descriptor: int) -> bool:
    """Whether this is the master of a pseudo-terminal: nothing else has a slave's name."""
    name = ctypes.create_string_buffer(_NAME_MAX)
    return bool(LIBC.ptsname_r(descriptor, name, len(name)) == 0)
