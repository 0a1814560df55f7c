"""What a daemon that died has left running: its commands of runc, which its successor waits for.

One that is killed half-way is worse than one that is late. A `runc start` that dies after it
has let the init go, and before it has removed the bundle's exec FIFO, leaves a running container
that runc calls `created`, and that the next `runc start` waits for without end (F101; seen with
runc 1.1.15, docs/findings/runc.md).
"""

import asyncio
import contextlib
import logging
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.cgroup_folders import own_cgroup

# An ordinary command takes a tenth of a second; one that hangs must not hold up all containers.
PATIENCE_SECONDS: Final = 10.0
DEATH_SECONDS: Final = 2.0
MS_PER_SECOND: Final = 1000

_log = logging.getLogger(__name__)


async def predecessors_end(unit: str, proc: Path = Path("/proc/self")) -> None:
    """Returns when nobody else is in the unit's cgroup; who takes too long is killed.

    Without effect where this process is in another cgroup, as when a person runs it.
    """
    folder = await asyncio.to_thread(own_cgroup, proc)
    if folder is not None and folder.name == unit:
        await asyncio.to_thread(_wait_for, folder)


def _wait_for(folder: Path) -> None:
    for seconds, number in ((PATIENCE_SECONDS, signal.SIGKILL), (DEATH_SECONDS, None)):
        with _others(folder) as left:
            slow = _not_ended(left, seconds)
            for descriptor, pid in slow.items():
                _log.warning("a former daemon's command, pid %d, does not end", pid)
                if number is not None:
                    with contextlib.suppress(ProcessLookupError):
                        signal.pidfd_send_signal(descriptor, number)
        if not slow:
            return


@contextlib.contextmanager
def _others(folder: Path) -> Iterator[dict[int, int]]:
    """A pidfd for each process of the cgroup but this one, with its pid."""
    left: dict[int, int] = {}
    for word in (folder / "cgroup.procs").read_text().split():
        # Gone since (ESRCH), or of another pid namespace (0, EINVAL).
        with contextlib.suppress(OSError):
            if int(word) != os.getpid():
                left[os.pidfd_open(int(word))] = int(word)
    try:
        yield left
    finally:
        for descriptor in left:
            os.close(descriptor)


def _not_ended(left: dict[int, int], seconds: float) -> dict[int, int]:
    """Which of them still run when the time is over."""
    deadline = time.monotonic() + seconds
    running = dict(left)
    poll = select.poll()
    for descriptor in running:
        poll.register(descriptor, select.POLLIN)
    while running:
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * MS_PER_SECOND)
        if not ready:
            break
        for descriptor, _ in ready:
            poll.unregister(descriptor)
            del running[descriptor]
    return running
