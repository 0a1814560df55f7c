"""Calls that have to know how far a former daemon had come with a container wait for recovery."""

from returns.result import Failure, Result, Success

from domain import limits
from domain.identity import ContainerKey
from domain.outcome import failed
from domain.ports.concurrency import Latch
from domain.refusal import DeadlinePassed, Refusal
from domain.shim import Shim
from domain.task import Container


async def known(shim: Shim, owner: ContainerKey) -> Result[Container, Refusal]:
    """The container, once recovery knows how far it had come; looked for again after each wait."""
    while True:
        found = shim.container(owner)
        if failed(found):
            return Failure(found.failure())
        container = found.unwrap()
        if container.recovery is None:
            return Success(container)
        unknown = await found_again(shim, container.recovery)
        if unknown is not None:
            return Failure(unknown)


async def found_again(shim: Shim, recovery: Latch) -> DeadlinePassed | None:
    """Waits until recovery knows how far a container had come; a refusal if that takes long."""
    opened = await shim.ports.concurrency.first_of((recovery,), limits.RUNC)
    return DeadlinePassed("recovery", limits.RUNC) if opened is None else None
