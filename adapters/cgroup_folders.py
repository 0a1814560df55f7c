"""Control groups as the folders they are, for programs with an event loop and without one.

Without asyncio: the `delete` command loads this when no daemon answers, and has five seconds (D26).
"""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from domain.refusal import CgroupFailed

CGROUP_ROOT: Final = Path("/sys/fs/cgroup")
_GONE_OR_IN_USE: Final = frozenset({errno.ENOENT, errno.EBUSY, errno.ENOTEMPTY})


def remove_now(cgroup: str, root: Path = CGROUP_ROOT) -> Result[None, CgroupFailed]:
    """The Cgroups port's `remove`; it may block for as long as the kernel's cgroup lock is held."""
    if not is_a_containers(cgroup):
        return Failure(CgroupFailed(f"{cgroup!r} is no cgroup of a container"))
    if is_version_2_alone(root):
        return Success(None)  # there is one tree, and it is systemd's
    for hierarchy in root.iterdir():
        # `cpu` may be a link to `cpu,cpuacct`; the two left out are systemd's own.
        if hierarchy.is_symlink() or hierarchy.name in {"systemd", "unified"}:
            continue
        for folder in _to_remove(hierarchy / cgroup.lstrip("/")):
            try:
                folder.rmdir()
            except OSError as error:
                if error.errno not in _GONE_OR_IN_USE:
                    return Failure(CgroupFailed(f"{folder}: {error.strerror}"))
    return Success(None)


def _to_remove(top: Path) -> Iterator[Path]:
    """`top` alone if that will do, as it does once runc has removed its own: walks take longer."""
    yield top
    if top.exists():
        yield from reversed(list(tree(top)))


def is_version_2_alone(root: Path) -> bool:
    return (root / "cgroup.controllers").exists()


def is_a_containers(cgroup: str) -> bool:
    parts = Path(cgroup).parts
    return parts[:1] == ("/",) and ".." not in parts and len(parts) > 1


def own_cgroup(proc: Path = Path("/proc/self"), root: Path = CGROUP_ROOT) -> Path | None:
    """Where this process is in systemd's own hierarchy, if that is mounted (cgroups(7))."""
    lines = (proc / "cgroup").read_text().splitlines()
    paths = {controllers: path for _, controllers, path in (line.split(":", 2) for line in lines)}
    for controllers, mounts in (("name=systemd", ("systemd",)), ("", ("", "unified"))):
        for mount in mounts if controllers in paths else ():
            folder = root / mount / paths[controllers].lstrip("/")
            if (folder / "cgroup.procs").exists():
                return folder
    return None


def tree(top: Path) -> Iterator[Path]:
    """`top` and every cgroup below, parents first: a child does not thaw before its parent."""
    for folder, children, _ in os.walk(top):
        yield Path(folder)
        children.sort()
