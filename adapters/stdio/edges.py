"""Readiness of terminals' masters, told once for each change.

A master without an open slave is "hung up" for as long as that lasts, and the event loop's own
selector would tell it without end, burning a processor, though it may well last: a program can
close its terminal and its child open it again. An edge-triggered epoll (epoll(7)) tells it once,
and again when there is something new. One epoll serves all terminals.
"""

import asyncio
import select
from collections.abc import Callable
from typing import Final

# Bounded work for one turn of the loop; what is left makes the epoll readable again.
_EVENTS: Final = 64


class Edges:
    """Edge-triggered watches; there is an epoll while there is one. For one event loop."""

    def __init__(self) -> None:
        self._epoll: select.epoll | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: Final[dict[int, Callable[[], None]]] = {}

    def watch(self, descriptor: int, changed: Callable[[], None]) -> None:
        """Calls `changed` when `descriptor` has become readable, writable or hung up.

        `changed` must go on until the kernel says EAGAIN, now or later on its own account.
        """
        if self._epoll is None:
            self._epoll = select.epoll()
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(self._epoll.fileno(), self._tell)
        self._changed[descriptor] = changed
        self._epoll.register(descriptor, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)

    def forget(self, descriptor: int) -> None:
        """Before `descriptor` is closed; repeatable."""
        if self._changed.pop(descriptor, None) is None or self._epoll is None:
            return
        self._epoll.unregister(descriptor)
        if not self._changed:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = self._loop = None

    def _tell(self) -> None:
        if self._epoll is None:
            return
        for descriptor, _ in self._epoll.poll(0, _EVENTS):
            changed = self._changed.get(descriptor)  # one callback may forget another's
            if changed is not None:
                changed()
