"""The owner of every handler that runs: a handler may outlive its connection, never its server."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Final

_log = logging.getLogger(__name__)

_CANCEL_SECONDS: Final = 1.0
"""For a cancelled handler to end; one that needs longer has swallowed its cancellation."""


class Handlers:
    __slots__ = ("_tasks",)

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, handler: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(handler)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, grace_seconds: float) -> None:
        """Wait for the handlers, then cancel what still runs and wait for that."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=grace_seconds)
        for task in late:
            task.cancel()
        if late:
            _, stuck = await asyncio.wait(late, timeout=_CANCEL_SECONDS)
            for task in stuck:
                _log.error("a handler did not end when cancelled: %r", task)
