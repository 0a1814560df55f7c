"""News about FIFOs that no poll(2) has: another's writer was closed, another has read.

inotify(7) tells of FIFOs as of files. One instance serves all of them, since a user has 128
instances only. Once opened it stays: closing one waits in the kernel for the last removed watch,
8 to 16 ms in which the event loop stands still (measured on Linux 6.18).
"""

import asyncio
import functools
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from operator import or_
from typing import Final

from adapters.mounts.libc import LIBC, oserror

IN_ACCESS: Final = 0x00000001
IN_CLOSE_WRITE: Final = 0x00000008
_IN_MASK_ADD: Final = 0x20000000
_IN_Q_OVERFLOW: Final = 0x00004000

_EVENT: Final = struct.Struct("iIII")  # wd, mask, cookie, length of the name after it
_READ: Final = 4096


@dataclass(eq=False, slots=True)
class Watch:
    """One listener; `close` it before the descriptor it was made with."""

    owner: "Inotify"
    descriptor: int
    wd: int
    mask: int
    heard: Callable[[], None]

    def close(self) -> None:
        self.owner.forget(self)


class Inotify:
    """Watches on open FIFOs. For one event loop, whose thread all of it runs in."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._watches: Final[dict[int, list[Watch]]] = {}

    def watch(self, descriptor: int, mask: int, heard: Callable[[], None]) -> Watch:
        """Calls `heard` at each event of `mask`, and too often rather than too rarely.

        `descriptor` is any end of the FIFO and stays open as long as the watch. Raises OSError
        (ENOSPC: the user's fs.inotify.max_user_watches are used up).
        """
        self._open()
        # The kernel has one watch for an inode: what others hear of it must stay in its mask.
        wd = self._add(descriptor, mask | _IN_MASK_ADD)
        watch = Watch(self, descriptor, wd, mask, heard)
        self._watches.setdefault(wd, []).append(watch)
        return watch

    def close(self) -> None:
        """When nothing is watched any more and the loop still runs."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def forget(self, watch: Watch) -> None:
        left = [each for each in self._watches.get(watch.wd, ()) if each is not watch]
        if left:
            self._watches[watch.wd] = left
            self._add(left[0].descriptor, functools.reduce(or_, (each.mask for each in left)))
        elif self._watches.pop(watch.wd, None):
            LIBC.inotify_rm_watch(self._descriptor, watch.wd)

    def _add(self, descriptor: int, mask: int) -> int:
        path = f"/proc/self/fd/{descriptor}".encode()
        wd = int(LIBC.inotify_add_watch(self._descriptor, path, mask))
        return wd if wd >= 0 else oserror("inotify_add_watch")

    def _open(self) -> None:
        if self._descriptor >= 0:
            return
        self._descriptor = LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            oserror("inotify_init1")
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def _read(self) -> None:
        try:
            events = os.read(self._descriptor, _READ)
        except BlockingIOError:
            return
        at = 0
        while at < len(events):
            wd, mask, _, name = _EVENT.unpack_from(events, at)
            at += _EVENT.size + name
            if mask & _IN_Q_OVERFLOW:  # something was lost, and nobody knows whose
                heard = [watch for watches in self._watches.values() for watch in watches]
            else:
                heard = [each for each in self._watches.get(wd, ()) if each.mask & mask]
            for watch in heard:
                watch.heard()
