"""Events on their way to the client's event service, in the order in which they were posted."""

import asyncio

from adapters.events.publisher import TtrpcPublisher
from domain.event import TaskEvent
from domain.ports.clock import Clock


class Post:
    """One row for each address, and a task that sends it on; `close` ends them."""

    def __init__(self, clock: Clock) -> None:
        self._publisher = TtrpcPublisher(clock)
        self._rows: dict[str, asyncio.Queue[TaskEvent]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, address: str, event: TaskEvent) -> None:
        """Without an address it is nobody's news."""
        if not address:
            return
        row = self._rows.get(address)
        if row is None:
            row = self._rows[address] = asyncio.Queue()
            self._tasks.append(asyncio.create_task(self._deliver(address, row)))
        row.put_nowait(event)

    async def close(self, grace_seconds: float) -> None:
        """What is still on its way has so long to arrive."""
        if self._rows:
            rows = [asyncio.create_task(row.join()) for row in self._rows.values()]
            await asyncio.wait(rows, timeout=grace_seconds)
            for task in (*rows, *self._tasks):
                task.cancel()
            await asyncio.wait((*rows, *self._tasks))
        self._publisher.close()

    async def _deliver(self, address: str, row: "asyncio.Queue[TaskEvent]") -> None:
        while True:
            await self._publisher.publish(address, await row.get())
            row.task_done()
