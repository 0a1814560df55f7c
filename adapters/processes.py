"""The Processes port on pidfds and /proc."""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from domain.identity import Pid
from domain.ports.processes import Program
from domain.refusal import ProcessGone

# Counted from 1 in proc_pid_stat(5); what follows the command name begins with field 3.
_STARTED: Final = 22
_FIRST_AFTER_NAME: Final = 3


class LinuxProcesses:
    """Processes as the kernel has them now. A zombie is gone: it can neither run nor be hit."""

    async def identify(self, pid: Pid, cgroup: str) -> Result[Program, ProcessGone]:
        with _pidfd(pid) as descriptor:
            # The cgroup first: the look behind it says that both were of the same process.
            if not _is_within(pid, cgroup):
                return Failure(ProcessGone())
            return _program(pid, descriptor)

    async def signal(self, program: Program, signal: int) -> Result[None, ProcessGone]:
        with _pidfd(program.pid) as descriptor:
            if _program(program.pid, descriptor) != Success(program):
                return Failure(ProcessGone())
            return _send(descriptor, signal)


def _send(descriptor: int | None, number: int) -> Result[None, ProcessGone]:
    if descriptor is None:
        return Failure(ProcessGone())
    try:
        signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        return Failure(ProcessGone())
    return Success(None)


@contextmanager
def _pidfd(pid: Pid) -> Iterator[int | None]:
    """Whoever has this pid now, held fast; None if nobody has."""
    descriptor: int | None = None
    try:
        if pid > 0:
            descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, FileNotFoundError):
        pass  # nobody, or (ENOENT, from Linux 6.9) a thread that leads no process
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _program(pid: Pid, descriptor: int | None) -> Result[Program, ProcessGone]:
    """Who the pidfd is of. The order of the two looks matters.

    A pid is free for others only once its process has been reaped, and from its end on the
    pidfd is readable. So if it is not readable *after* /proc was read, what was read is of
    this very process (F28, F29).
    """
    if descriptor is None:
        return Failure(ProcessGone())
    try:
        started = started_ticks(Path(f"/proc/{pid}/stat").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return Failure(ProcessGone())
    if _has_ended(descriptor):
        return Failure(ProcessGone())
    return Success(Program(pid, started))


def _is_within(pid: Pid, cgroup: str) -> bool:
    try:
        told = Path(f"/proc/{pid}/cgroup").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return any(is_below(path, os.fsencode(cgroup)) for path in cgroup_paths(told))


def cgroup_paths(told: bytes) -> tuple[bytes, ...]:
    """The paths in /proc/PID/cgroup: one in each hierarchy of version 1, one of version 2.

    A line is ID:CONTROLLERS:PATH (cgroups(7)), and only the path may hold more colons.
    """
    return tuple(line.split(b":", 2)[2] for line in told.splitlines())


def is_below(path: bytes, cgroup: bytes) -> bool:
    return path == cgroup or path.startswith(cgroup.rstrip(b"/") + b"/")


def _has_ended(descriptor: int) -> bool:
    look = select.poll()
    look.register(descriptor, select.POLLIN)
    return bool(look.poll(0))


def started_ticks(stat: bytes) -> int:
    """Field 22 of /proc/PID/stat. The name before it may hold blanks and parentheses itself."""
    return int(stat[stat.rindex(b")") + 1 :].split()[_STARTED - _FIRST_AFTER_NAME])
