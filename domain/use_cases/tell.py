"""Telling containerd, in order, once each, for as long as it takes.

One teller for each container works its outbox off: it offers an event, waits for the
acknowledgement, writes that down, and goes on. Nobody who asked for something waits for it
(T221). An event that was acknowledged just before the daemon died is told again, byte for
byte, since only the acknowledgement was lost (S1).
"""

from domain import limits
from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskStarted,
)
from domain.identity import ProcessKey
from domain.record import Told
from domain.shim import Shim
from domain.task import Container
from domain.use_cases.keep import forget, keep


def tell(shim: Shim, container: Container, event: TaskEvent) -> None:
    """Hands an event to the container's outbox; what may leave, leaves."""
    container.outbox.put(event)
    send(shim, container)


def send(shim: Shim, container: Container) -> None:
    """Sees to it that a teller is at work while anything is ready, and a clock where one waits."""
    if container.outbox.waits_for_execs:
        shim.ports.concurrency.spawn(
            f"execs first: {container.owner}", _stop_waiting_for_execs(shim, container)
        )
    if container.telling or not container.outbox.ready:
        return
    container.telling = True
    shim.ports.concurrency.spawn(f"tell: {container.owner}", _teller(shim, container))


async def _teller(shim: Shim, container: Container) -> None:
    if container.former is not None:
        # Without bound: containerd may be away for days, and order is all that is at stake.
        await shim.ports.concurrency.first_of((container.former,), None)
        container.former = None
    ready = container.outbox.ready
    while ready:
        event = ready.pop(0)
        await shim.ports.publisher.publish(container.publish_to, event)
        await _acknowledged(shim, container, event)
    container.telling = False


async def _acknowledged(shim: Shim, container: Container, event: TaskEvent) -> None:
    match event:
        case TaskCreated():
            told = (container.init.key, Told.CREATED)
        case TaskStarted():
            told = (container.init.key, Told.STARTED)
        case ExecAdded(process=key):
            told = (key, Told.CREATED)
        case ExecStarted(process=key):
            told = (key, Told.STARTED)
        case TaskExited(process=key):
            told = (key, Told.EXITED)
        case TaskDeleted():
            await _farewell(shim, container)
            return
        case _:
            return
    if _note(container, *told):
        await keep(shim, container)


def _note(container: Container, key: ProcessKey, what: Told) -> bool:
    """Remembers what containerd knows; False if nothing depends on it any more."""
    for process in (*container.processes(), *container.departed):
        if process.key == key and what not in process.told:
            process.told.add(what)
            container.dismiss(process)
            return True
    return False


async def _farewell(shim: Shim, container: Container) -> None:
    """All is told: the record has no more use, and a next life may speak."""
    await forget(shim, container)
    if container.farewell is not None:
        if shim.farewells.get(container.owner) is container.farewell:
            del shim.farewells[container.owner]
        container.farewell.open()


async def _stop_waiting_for_execs(shim: Shim, container: Container) -> None:
    """F01: whatever the execs do, the init's exit is told."""
    await shim.ports.concurrency.first_of((), limits.EXECS_FIRST)
    container.outbox.stop_waiting_for_execs()
    send(shim, container)
