"""A copy of runc that lets `runc init` go without making one.

Before it enters a container runc 1.1 copies itself, 10 MB, into a sealed memfd, so that no
container can write to the binary on the host (CVE-2019-5736): 5 to 10 ms of each exec. Later ones
seal themselves by an overlay. A runc that is a sealed memfd already does neither (is_self_cloned
in libcontainer/nsenter/cloned_binary.c). The memfd is at a path by a bind mount of this process's
/proc/self/fd link, as runc's own contrib/cmd/memfd-bind has it: when this process has gone, the
path leads nowhere, and never to somebody else's descriptor.
"""

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import shutil
from pathlib import Path
from typing import Final, Self

from adapters.mounts import syscalls

RUNC: Final = "runc"
# Whoever has a new runc has execs made by it at once (exec.sh compares the ages), and by a copy of
# it after so long.
LOOK_SECONDS: Final = 60.0
# Of no file: so the first look sweeps, too, what a killed daemon has left.
NOT_LOOKED: Final = (-1, -1, -1)
# All four, and no other: it is what runc asks for.
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
# linux/memfd.h; since Linux 6.3, and demanded where vm.memfd_noexec is set.
_MFD_EXEC: Final = 0x10
# A memfd has no label that lets systemd start a container runtime from it.
_SELINUX: Final = Path("/sys/fs/selinux/enforce")

_log = logging.getLogger(__name__)


def source() -> str:
    """The runc that is copied; empty if there is none on the PATH."""
    return shutil.which(RUNC) or ""


class SealedCopy:
    """Use as `async with`. Without a copy, for whatever reason, execs are as right, and slower."""

    def __init__(self, path: Path, copied: str) -> None:
        self._path = path
        self._copied = copied
        self._made_of: tuple[int, int, int] | None = NOT_LOOKED
        self._descriptor = -1
        self._over = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._renew)
        self._keeper = asyncio.create_task(self._keep(), name="runc-copy")
        return self

    async def __aexit__(self, *_: object) -> None:
        # Not cancelled: its thread would go on, and make a copy that nobody removes.
        self._over.set()
        if self._keeper is not None:
            await self._keeper
        await asyncio.to_thread(self._remove)

    async def _keep(self) -> None:
        while not self._over.is_set():
            try:
                await asyncio.wait_for(self._over.wait(), LOOK_SECONDS)
            except TimeoutError:
                await asyncio.to_thread(self._renew)

    def _renew(self) -> None:
        made_of = self._found()
        if made_of == self._made_of:
            return
        self._made_of = made_of
        try:
            self._remove()
            if made_of is not None and not _selinux_enforces():
                self._make()
        except OSError as why:
            _log.info("execs are begun without a copy of runc: %s", why)

    def _found(self) -> tuple[int, int, int] | None:
        """What tells one runc from the next; None: there is none."""
        if not self._copied:
            return None
        try:
            facts = Path(self._copied).stat()
        except OSError:
            return None
        return facts.st_ino, facts.st_mtime_ns, facts.st_size

    def _make(self) -> None:
        self._descriptor = sealed(self._copied)
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.touch(mode=0o000)
        with contextlib.ExitStack() as stack:
            tree = syscalls.clone_link(f"/proc/self/fd/{self._descriptor}")
            stack.callback(os.close, tree)
            target = os.open(self._path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            stack.callback(os.close, target)
            syscalls.attach(tree, target)

    def _remove(self) -> None:
        remove(self._path)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def sealed(binary: str) -> int:
    """A memfd with what is in that file, of the same age and mode; the caller closes it."""
    copy = _memfd(Path(binary).name)
    try:
        with open(binary, "rb") as original:  # noqa: PTH123 - its descriptor is what is wanted
            facts = os.fstat(original.fileno())
            left = facts.st_size
            while left and (sent := os.sendfile(copy, original.fileno(), None, left)):
                left -= sent
        os.fchmod(copy, facts.st_mode & 0o777)
        os.utime(copy, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        fcntl.fcntl(copy, fcntl.F_ADD_SEALS, _SEALS)
    except BaseException:
        os.close(copy)
        raise
    return copy


def remove(path: Path) -> None:
    """Also what a daemon that was killed has left there."""
    with contextlib.suppress(FileNotFoundError):
        while True:
            try:
                syscalls.unmount(str(path))
            except OSError as why:
                if why.errno != errno.EINVAL:  # nothing is mounted there (any more)
                    raise
                break
        path.unlink()


def _memfd(name: str) -> int:
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        return os.memfd_create(name, flags | _MFD_EXEC)
    except OSError as why:
        if why.errno != errno.EINVAL:
            raise
        return os.memfd_create(name, flags)


def _selinux_enforces() -> bool:
    with contextlib.suppress(FileNotFoundError):
        return _SELINUX.read_text("ascii").strip() == "1"
    return False
