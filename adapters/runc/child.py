"""One command of the OCI runtime as a child process, bounded in time and output.

The event loop is told of the child's end by its pidfd, so nothing here depends on asyncio's
child watchers (on Python 3.11 the default one keeps a thread for each child). This process is
the only one that reaps it, on the loop's own thread: as long as `code` is None its pid and its
process group cannot have become somebody else's.
"""

import asyncio
import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from domain.runc_command import Argv

# `runc state` of a container with large annotations, `runc ps` of 100,000 processes.
OUTPUT_BYTES_MAX: Final = 4 << 20
# Only the last words matter.
ERROR_BYTES_MAX: Final = 64 << 10
# A killed command is gone in milliseconds, unless the kernel holds it (D state). Whoever comes
# next must not meet its lock on the container (F103), nor wait for ever.
DEATH_SECONDS: Final = 1.0

_READ_BYTES: Final = 64 << 10
_PIPE_BYTES_MAX: Final = 1 << 20  # /proc/sys/fs/pipe-max-size

_PIDFD_SIGNAL_PROCESS_GROUP: Final = 1 << 2  # linux/pidfd.h, from Linux 6.9
_SERVICE_VARIABLES: Final = frozenset(
    {
        # runc would wait in `create` for the container's READY=1 (F107).
        "NOTIFY_SOCKET",
        # runc hands what LISTEN_FDS counts on to the container.
        "LISTEN_FDS",
        "LISTEN_FDNAMES",
        "LISTEN_PID",
        "WATCHDOG_PID",
        "WATCHDOG_USEC",
    }
)


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended; `code` is negative when a signal ended it."""

    code: int
    output: bytes
    output_is_cut: bool
    errors: bytes  # the end of them


def without_service_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What systemd tells a service is for the daemon alone."""
    return {key: value for key, value in environment.items() if key not in _SERVICE_VARIABLES}


async def run(argv: Argv, environment: Mapping[str, str], given: bytes = b"") -> Finished:
    """Runs a command with `given` (or nothing) as its standard input, to its end.

    There is no limit of time here: whoever cancels the call ends the command and everything in
    its process group. A background child of it (a hook's) that keeps the output open holds
    nothing up: what the command itself wrote is in the pipe by the time it has ended. `OSError`
    if the program cannot be started.
    """
    child = _Child(argv, environment, given)
    try:
        return await child.ended
    except asyncio.CancelledError:
        child.kill()
        await asyncio.wait({child.reaped}, timeout=DEATH_SECONDS)
        raise


class _Capture:
    """The read end of a pipe; keeps the last `limit` bytes."""

    __slots__ = ("_fd", "_limit", "_loop", "data", "is_cut")

    def __init__(self, fd: int, limit: int) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self.data = bytearray()
        self.is_cut = False
        self._loop.add_reader(fd, self._take)

    def finish(self) -> bytes:
        """Takes what is there and waits for nothing, not even for a background child to pause."""
        for _ in range(_PIPE_BYTES_MAX // _READ_BYTES):
            if self._fd < 0 or not self._take():
                break
        self._close()
        return bytes(self.data)

    def _take(self) -> bool:
        try:
            data = os.read(self._fd, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._close()
            return False
        self.data += data
        if len(self.data) > self._limit:
            self.is_cut = True
            del self.data[: -self._limit]
        return True

    def _close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


class _Child:
    """Lives until the child is reaped, kept by the event loop; nobody needs to wait for that."""

    def __init__(self, argv: Argv, environment: Mapping[str, str], given: bytes) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[Finished] = self._loop.create_future()
        self.reaped: asyncio.Future[None] = self._loop.create_future()
        spawned = _spawn(argv, environment, given)
        self._process, self._pidfd = spawned.process, spawned.pidfd
        self._output = _Capture(spawned.output, OUTPUT_BYTES_MAX)
        self._errors = _Capture(spawned.errors, ERROR_BYTES_MAX)
        self._loop.add_reader(self._pidfd, self._reap)

    def kill(self) -> None:
        """SIGKILL for the whole process group."""
        if self._process.returncode is not None:
            return
        try:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL, None, _PIDFD_SIGNAL_PROCESS_GROUP)
        except OSError:
            # A kernel without that flag. The child is not reaped, so the number is still its.
            os.killpg(self._process.pid, signal.SIGKILL)

    def _reap(self) -> None:
        self._loop.remove_reader(self._pidfd)
        code = self._process.wait()  # its pidfd is readable: it has ended
        os.close(self._pidfd)
        output, errors = self._output.finish(), self._errors.finish()
        if not self.ended.done():
            self.ended.set_result(Finished(code, output, self._output.is_cut, errors))
        self.reaped.set_result(None)


@dataclass(frozen=True, slots=True)
class _Spawned:
    process: subprocess.Popen[bytes]
    pidfd: int
    output: int
    errors: int


def _spawn(argv: Argv, environment: Mapping[str, str], given: bytes) -> _Spawned:
    """Starts the program. vfork and exec hold the loop for a millisecond, as asyncio's own do."""
    with ExitStack() as ours, ExitStack() as the_childs:
        output, output_write = _pipe(ours, the_childs)
        errors, errors_write = _pipe(ours, the_childs)
        stdin = _memory_file(given) if given else os.open(os.devnull, os.O_RDONLY)
        the_childs.callback(os.close, stdin)
        process = subprocess.Popen(  # noqa: S603 - argv is ours, without a shell
            argv,
            stdin=stdin,
            stdout=output_write,
            stderr=errors_write,
            env=environment,
            process_group=0,
        )
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError:  # no descriptor is left: a child that nobody can watch must not run
            os.killpg(process.pid, signal.SIGKILL)
            raise
        ours.pop_all()
        return _Spawned(process, pidfd, output, errors)


def _pipe(read_end: ExitStack, write_end: ExitStack) -> tuple[int, int]:
    reading, writing = os.pipe()
    read_end.callback(os.close, reading)
    write_end.callback(os.close, writing)
    return reading, writing


def _memory_file(data: bytes) -> int:
    """A sealed file: unlike a pipe it takes any size without a reader."""
    fd = os.memfd_create("standard-input", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.write(fd, data)
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return fd
