"""A container's freezer: thawed for what is to die, and changed by one at a time."""

from collections.abc import Awaitable
from typing import TypeVar

from domain.lifecycle import Phase
from domain.outcome import failed
from domain.shim import Shim
from domain.task import Container, Process

T = TypeVar("T")


async def thaw(shim: Shim, container: Container, stuck: Process) -> None:
    """A frozen process on cgroup v1 does not even die of KILL (F99).

    runc would thaw it, too, but may have lost it (F104).
    """
    thawed = await shim.ports.cgroups.thaw(container.cgroup)
    if failed(thawed):
        shim.lost("a process may stay frozen", stuck.key, thawed.failure())


async def thaw_unpaused(shim: Shim, container: Container, killed: Process) -> None:
    """For an exec that was killed: a pause of a dead daemon's may have left no trace in the phase.

    One that is under way leaves it, and its container stays as its client wants it.
    """
    if container.freezing is None and container.init.phase is not Phase.PAUSED:
        await alone(shim, container, thaw(shim, container, killed))


async def alone(shim: Shim, container: Container, change: Awaitable[T]) -> T:
    """A change of the freezer that no Pause and no Resume may come into; nobody is at another."""
    container.freezing = latch = shim.ports.concurrency.latch()
    outcome = await change
    container.freezing = None
    latch.open()
    return outcome
