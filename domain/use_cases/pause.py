"""Pause and Resume: the freezer, by runc."""

from returns.result import Failure, Result, Success

from domain import limits
from domain.event import TaskPaused, TaskResumed
from domain.identity import ContainerKey
from domain.lifecycle import Heard, Phase
from domain.outcome import failed
from domain.refusal import BeingDeleted, Operation, Refusal, WrongPhase
from domain.shim import Shim
from domain.task import Container
from domain.use_cases.hold import found_again
from domain.use_cases.keep import keep
from domain.use_cases.tell import tell


async def pause(shim: Shim, owner: ContainerKey) -> Result[None, Refusal]:
    checked = await _checked(shim, owner, Phase.RUNNING, Operation.PAUSE)
    if failed(checked):
        return Failure(checked.failure())
    container = checked.unwrap()
    frozen = await shim.ports.runc.pause(container.target(), limits.RUNC)
    if failed(frozen):
        return Failure(frozen.failure())
    if container.init.hear(Heard.PAUSED):
        tell(shim, container, TaskPaused(owner))
        await keep(shim, container)
    return Success(None)


async def resume(shim: Shim, owner: ContainerKey) -> Result[None, Refusal]:
    checked = await _checked(shim, owner, Phase.PAUSED, Operation.RESUME)
    if failed(checked):
        return Failure(checked.failure())
    container = checked.unwrap()
    thawed = await shim.ports.runc.resume(container.target(), limits.RUNC)
    # runc may have lost the container, and it would stay frozen for ever (F104).
    if failed(thawed) and failed(await shim.ports.cgroups.thaw(container.cgroup)):
        return Failure(thawed.failure())
    if container.init.hear(Heard.RESUMED):
        tell(shim, container, TaskResumed(owner))
        await keep(shim, container)
    return Success(None)


async def _checked(
    shim: Shim, owner: ContainerKey, needed: Phase, operation: Operation
) -> Result[Container, Refusal]:
    found = shim.container(owner)
    if failed(found):
        return Failure(found.failure())
    container = found.unwrap()
    if container.recovery is not None:
        # Whether it is frozen is being found out.
        unknown = await found_again(shim, container.recovery)
        if unknown is not None:
            return Failure(unknown)
        return await _checked(shim, owner, needed, operation)
    if container.is_going:
        return Failure(BeingDeleted(owner.container))
    if container.init.phase is not needed:
        return Failure(WrongPhase(operation, container.init.phase))
    return Success(container)
