"""The domain's Concurrency port on asyncio.

A latch lives as long as its process, for hours: while nobody waits it is one small object
without a future. A wait costs one future, however many latches it is for, and no task.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Generic, TypeVar

from domain.limits import Seconds
from domain.ports.concurrency import Latch

# For cancelled work to end; what needs longer has swallowed its cancellation.
CANCEL_SECONDS: Final = 5.0

T = TypeVar("T")

_log = logging.getLogger(__name__)


class AsyncioLatch:
    """Opens once and stays open. Belongs to the loop's thread, as everything here."""

    __slots__ = ("_is_open", "_waiters")

    def __init__(self) -> None:
        self._is_open = False
        self._waiters: set[asyncio.Future[None]] | None = None

    @property
    def is_open(self) -> bool:
        return self._is_open

    def open(self) -> None:
        self._is_open = True
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            _wake(waiter)

    def wake_when_open(self, waiter: asyncio.Future[None]) -> None:
        if self._waiters is None:
            self._waiters = set()
        self._waiters.add(waiter)

    def forget(self, waiter: asyncio.Future[None]) -> None:
        if self._waiters is not None:
            self._waiters.discard(waiter)
            if not self._waiters:
                self._waiters = None


class AsyncioWork(Generic[T]):
    """A task and the latch that opens when it has ended."""

    __slots__ = ("_task", "done")

    def __init__(self, task: asyncio.Task[T]) -> None:
        self._task = task
        self.done: Latch = AsyncioLatch()

    def outcome(self) -> T:
        """Its result; its bug is raised again. `InvalidStateError` before `done` is open.

        `CancelledError` if the shim ended it.
        """
        return self._task.result()


class AsyncioConcurrency:
    """Owns all work that is spawned; `aclose` ends it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_closing = False

    def latch(self) -> Latch:
        return AsyncioLatch()

    async def first_of(self, latches: Sequence[Latch], within: Seconds | None) -> Latch | None:
        opened = _first_open(latches)
        if opened is not None:
            return opened
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        timer = None if within is None else loop.call_later(max(0, within), _wake, waiter)
        ours = [_ours(latch) for latch in latches]
        for latch in ours:
            latch.wake_when_open(waiter)
        try:
            await waiter
        finally:
            for latch in ours:
                latch.forget(waiter)
            if timer is not None:
                timer.cancel()
        return _first_open(latches)

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> AsyncioWork[T]:
        """Starts work beside the caller. A bug in it is logged at once, whoever asks or not.

        Work that is spawned while the shim is closing is cancelled at once.
        """
        task = asyncio.get_running_loop().create_task(work, name=name)
        spawned = AsyncioWork(task)
        self._tasks.add(task)

        def ended(_task: asyncio.Task[T]) -> None:
            self._tasks.discard(task)
            _report(task)
            spawned.done.open()

        task.add_done_callback(ended)
        if self._is_closing:
            task.cancel()
        return spawned

    async def aclose(self) -> None:
        """Cancels all work and waits until it has ended, at most `CANCEL_SECONDS`."""
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        deadline = asyncio.get_running_loop().time() + CANCEL_SECONDS
        while self._tasks:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                names = ", ".join(sorted(task.get_name() for task in self._tasks))
                _log.error("did not end when cancelled: %s", names)
                return
            await asyncio.wait(self._tasks, timeout=left)


def _first_open(latches: Sequence[Latch]) -> Latch | None:
    return next((latch for latch in latches if latch.is_open), None)


def _ours(latch: Latch) -> AsyncioLatch:
    if not isinstance(latch, AsyncioLatch):
        raise TypeError(f"{latch!r} is from another world")
    return latch


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _report(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (bug := task.exception()) is not None:
        _log.error("a bug in %s", task.get_name(), exc_info=bug)
