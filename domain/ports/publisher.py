"""What the rules ask of the way to containerd's event service."""

from typing import Protocol

from domain.event import TaskEvent


class Publisher(Protocol):
    async def publish(self, address: str, event: TaskEvent) -> None:
        """Returns when containerd at `address` has the event, however long it is away.

        The one who waits keeps the order: a container's next event is offered when this
        call has returned. When too much waits, events that only inform (paused, resumed,
        exec-added) are dropped, logged, and returned from; an exit or a delete never (L12).
        """
        ...
