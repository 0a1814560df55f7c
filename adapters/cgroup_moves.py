"""Keeps the kernel ready for processes that are about to be moved into cgroups.

Every write to a `cgroup.procs` takes one lock of the whole machine (cgroup_threadgroup_rwsem,
kernel/cgroup/cgroup.c), and the first one after a quiet time waits until all cores have noticed,
5 to 13 ms. systemd 252 pays that between fork and exec, runc within `create` and `exec`. A process
that moves itself to where it is pays it, too, and whoever comes in the next 12 ms goes for free
(docs/findings/systemd.md): so the daemon does that while it still prepares.
"""

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from adapters.cgroup_folders import CGROUP_ROOT, own_cgroup

# From the client's call until runc has moved the init, or the exec, on a machine that is not busy.
HOLD_SECONDS: Final = 0.03
# Less than the 12 to 16 ms for which one write lasts.
AGAIN_SECONDS: Final = 0.008

_log = logging.getLogger(__name__)


class CgroupMoves:
    """`expect` says that moves are coming; one thread serves all who do."""

    def __init__(self, proc: Path = Path("/proc/self"), root: Path = CGROUP_ROOT) -> None:
        self._proc = proc
        self._root = root
        self._until = 0.0
        self._thread = ThreadPoolExecutor(1, "cgroup-moves")
        self._refused = False
        self._holding: asyncio.Future[None] | None = None

    def expect(self) -> None:
        """Never waits, and promises nothing: without it everything is as right, and slower."""
        self._until = time.monotonic() + HOLD_SECONDS
        if not self._refused and (self._holding is None or self._holding.done()):
            self._holding = asyncio.get_running_loop().run_in_executor(self._thread, self._hold)

    async def aclose(self) -> None:
        """Ends the thread, after at most one more write."""
        self._until = 0.0
        if self._holding is not None:
            await self._holding
        self._thread.shutdown()

    def _hold(self) -> None:
        try:
            self._move_to_where_we_are()
            while time.monotonic() < self._until:
                time.sleep(AGAIN_SECONDS)
                self._move_to_where_we_are()
        except OSError as why:
            self._refused = True
            _log.info("processes are moved into cgroups without preparation: %s", why)

    def _move_to_where_we_are(self) -> None:
        # Looked up each time: whoever has moved the daemon elsewhere must not be undone.
        folder = own_cgroup(self._proc, self._root)
        if folder is None:
            raise FileNotFoundError(f"{self._root} does not show this process's cgroup")
        descriptor = os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, b"0")  # cgroups(7): the writing process itself
        finally:
            os.close(descriptor)
