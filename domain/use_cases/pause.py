"""Pause and Resume: the freezer, by runc."""

from returns.result import Failure, Result, Success

from domain import limits
from domain.event import TaskPaused, TaskResumed
from domain.identity import ContainerKey
from domain.lifecycle import Heard, Phase
from domain.outcome import failed
from domain.ports.runc import RuncState
from domain.refusal import BeingDeleted, Operation, Refusal, WrongPhase
from domain.shim import Shim
from domain.task import Container
from domain.use_cases.found_again import known
from domain.use_cases.freezer import alone, thaw
from domain.use_cases.keep import keep
from domain.use_cases.tell import tell


async def pause(shim: Shim, owner: ContainerKey) -> Result[None, Refusal]:
    checked = await _checked(shim, owner, Phase.RUNNING, Operation.PAUSE)
    if failed(checked):
        return Failure(checked.failure())
    container = checked.unwrap()
    return await alone(shim, container, _freeze(shim, container))


async def _freeze(shim: Shim, container: Container) -> Result[None, Refusal]:
    frozen = await shim.ports.runc.pause(container.target(), limits.RUNC)
    if failed(frozen) and not await _runc_says(shim, container, Phase.PAUSED):
        await thaw(shim, container, container.init)  # nobody could resume what nobody paused
        return Failure(frozen.failure())
    if container.init.hear(Heard.PAUSED):
        tell(shim, container, TaskPaused(container.owner))
        await keep(shim, container)
    return Success(None)


async def _runc_says(shim: Shim, container: Container, phase: Phase) -> bool:
    """A pause whose answer was lost is one: refused, it could be neither repeated nor undone.

    And a resume likewise: refused, the container would be said to be paused, and run.
    """
    match await shim.ports.runc.state(container.target(), limits.RUNC):
        case Success(RuncState(status=status)):
            return status == phase.value
        case _:
            return False


async def resume(shim: Shim, owner: ContainerKey) -> Result[None, Refusal]:
    checked = await _checked(shim, owner, Phase.PAUSED, Operation.RESUME)
    if failed(checked):
        return Failure(checked.failure())
    container = checked.unwrap()
    return await alone(shim, container, _let_go_on(shim, container))


async def _let_go_on(shim: Shim, container: Container) -> Result[None, Refusal]:
    thawed = await shim.ports.runc.resume(container.target(), limits.RUNC)
    # runc may have lost the container, and it would stay frozen for ever (F104).
    if (
        failed(thawed)
        and failed(await shim.ports.cgroups.thaw(container.cgroup))
        and not await _runc_says(shim, container, Phase.RUNNING)
    ):
        return Failure(thawed.failure())
    if container.init.hear(Heard.RESUMED):
        tell(shim, container, TaskResumed(container.owner))
        await keep(shim, container)
    return Success(None)


async def _checked(
    shim: Shim, owner: ContainerKey, needed: Phase, operation: Operation
) -> Result[Container, Refusal]:
    found = await _undisturbed(shim, owner)
    if failed(found):
        return found
    container = found.unwrap()
    if container.is_going:
        return Failure(BeingDeleted(owner.container))
    if container.init.phase is not needed:
        return Failure(WrongPhase(operation, container.init.phase))
    return found


async def _undisturbed(shim: Shim, owner: ContainerKey) -> Result[Container, Refusal]:
    """The container, once it is known whether it is frozen and nobody is changing that."""
    while True:
        found = await known(shim, owner)
        if failed(found) or (freezing := found.unwrap().freezing) is None:
            return found
        # However long: whatever changes a freezer has a deadline.
        await shim.ports.concurrency.first_of((freezing,), None)
