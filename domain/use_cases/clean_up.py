"""What containerd's `delete` command asks for: end the container, whatever its state, for good.

It runs after every ordinary Delete too (there is nothing left to do then), and when containerd
takes a lost connection for the shim's death. It is repeatable and tells the true exit.
"""

from returns.result import Failure, Result, Success

from domain import bundle_files, limits
from domain.caller import Caller
from domain.exit_status import UNKNOWN, Exit
from domain.identity import NO_PID, ContainerKey, ProcessKey
from domain.outcome import failed
from domain.refusal import CallerGone, DeadlinePassed, Refusal, UnknownContainer
from domain.shim import Shim
from domain.task import Container
from domain.unit import Whom
from domain.use_cases.delete import Departed, delete
from domain.use_cases.exits import SIGKILL, look
from domain.use_cases.found_again import found_again
from domain.use_cases.kill import kill
from domain.use_cases.unrecorded import end_unrecorded, none_under_way


async def clean_up(
    shim: Shim, caller: Caller, owner: ContainerKey, bundle: str
) -> Result[Departed, Refusal]:
    """How the container ended; of an unknown one whatever is left is ended and taken off."""
    if not await none_under_way(shim, caller, owner):
        return Failure(CallerGone("create"))
    container = shim.containers.get(owner)
    if container is None:
        return await _nothing_left(shim, caller, owner, bundle)
    if container.recovery is not None:
        # Its exit is not to be judged before it is known what it was told (exits.py).
        unknown = await found_again(shim, container.recovery)
        if unknown is not None:
            return Failure(unknown)
    if not await _end(shim, container):
        return Failure(DeadlinePassed(f"the end of {owner}", limits.DEATH))
    departed = await delete(shim, caller, ProcessKey(owner))
    if failed(departed) and isinstance(departed.failure(), UnknownContainer):
        # An ordinary Delete was faster; what it told stands.
        return Success(Departed(container.init.pid, container.init.exit or _unknown(shim)))
    return departed


async def _end(shim: Shim, container: Container) -> bool:
    """KILL until it is over, within the time that a killed process takes."""
    init = container.init
    for _ in range(limits.DEATH_LOOKS):
        if init.ended.is_open or not init.unit_asked:
            return True
        await kill(shim, init.key, SIGKILL, Whom.ALL)
        await look(shim, container, init)  # a hint may not come (F56)
        await shim.ports.concurrency.first_of((init.ended,), limits.DEATH_LOOK)
    return init.ended.is_open


async def _nothing_left(
    shim: Shim, caller: Caller, owner: ContainerKey, bundle: str
) -> Result[Departed, Refusal]:
    if shim.whole.pop(owner, None) == bundle:
        return Success(Departed(NO_PID, _unknown(shim)))
    outcome = await end_unrecorded(shim, caller, owner, bundle)
    if failed(outcome):
        return Failure(outcome.failure())
    unmounted = await shim.ports.mounts.unmount(bundle_files.rootfs(bundle), limits.MOUNT)
    if failed(unmounted):
        return Failure(unmounted.failure())
    return Success(Departed(NO_PID, outcome.unwrap() or _unknown(shim)))


def _unknown(shim: Shim) -> Exit:
    return Exit(UNKNOWN, shim.ports.clock.now())
