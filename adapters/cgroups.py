"""The Cgroups port on the control group file systems, version 1 and 2."""

import asyncio
import errno
import os
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from adapters.cgroup_folders import (
    CGROUP_ROOT,
    is_a_containers,
    is_version_2_alone,
    remove_now,
    tree,
)
from domain.refusal import CgroupFailed


class LinuxCgroups:
    """Control groups below `root`, in whichever hierarchies are mounted there.

    Version 1 has its freezer in `freezer/`; version 2 is `root` itself, or `unified/` beside
    version 1's (systemd's hybrid layout). A cgroup is thawed in each that has it.
    """

    def __init__(self, root: Path = CGROUP_ROOT) -> None:
        self._switches: Final = (
            (root / "freezer", "freezer.state", b"THAWED"),
            (root, "cgroup.freeze", b"0"),
            (root / "unified", "cgroup.freeze", b"0"),
        )
        self._root: Final = root

    async def thaw(self, cgroup: str) -> Result[None, CgroupFailed]:
        if not is_a_containers(cgroup):
            return Failure(CgroupFailed(f"{cgroup!r} is no cgroup of a container"))
        # A write may wait for the kernel's one cgroup lock, which runc and systemd take too.
        return await asyncio.to_thread(self._thaw, cgroup.lstrip("/"))

    async def remove(self, cgroup: str) -> Result[None, CgroupFailed]:
        if is_version_2_alone(self._root):
            return remove_now(cgroup, self._root)
        return await asyncio.to_thread(remove_now, cgroup, self._root)

    def _thaw(self, cgroup: str) -> Result[None, CgroupFailed]:
        for hierarchy, switch, thawed in self._switches:
            for folder in tree(hierarchy / cgroup):
                try:
                    _write(folder / switch, thawed)
                except OSError as error:
                    if error.errno not in (errno.ENOENT, errno.ENODEV):  # gone, or no such switch
                        return Failure(CgroupFailed(f"{folder / switch}: {error.strerror}"))
        return Success(None)


def _write(path: Path, text: bytes) -> None:
    # Without O_CREAT: on a file system that is no cgroup's nothing must come into being.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text)
    finally:
        os.close(descriptor)
