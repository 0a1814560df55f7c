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
from domain.ports.runc import RuncTarget
from domain.refusal import (
    CallerGone,
    DeadlinePassed,
    NoSuchUnit,
    Refusal,
    UnitFailed,
    UnknownContainer,
)
from domain.request import RuntimeOptions, Stdio
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import UnitRef, Whom
from domain.unit_name import unit_name
from domain.use_cases.bring_up import kill_unit, let_go
from domain.use_cases.delete import Departed, delete
from domain.use_cases.exits import SIGKILL, look
from domain.use_cases.kill import kill


async def clean_up(
    shim: Shim, caller: Caller, owner: ContainerKey, bundle: str
) -> Result[Departed, Refusal]:
    """How the container ended; an unknown one is told as unknown, and its mounts are taken off."""
    if owner in shim.creating:
        creating = shim.creating[owner]
        if await caller.waits_for(shim.ports.concurrency, (creating,), None) is None:
            return Failure(CallerGone("create"))
    container = shim.containers.get(owner)
    if container is None:
        # Claimed: a Create that comes meanwhile must not be hit.
        shim.creating[owner] = shim.ports.concurrency.latch()
        departed = await _unknown_goes(shim, owner, bundle)
        shim.creating.pop(owner).open()
        return departed
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


async def _unknown_goes(shim: Shim, owner: ContainerKey, bundle: str) -> Result[Departed, Refusal]:
    """Nothing is known of it: there is nothing left, or its record could not be read (F119)."""
    key = ProcessKey(owner)
    unit = unit_name(key)
    match await shim.ports.units.read(UnitRef(unit)):
        case Failure(NoSuchUnit()):
            pass
        case Failure(why):
            return Failure(why)
        case _:
            process = Process(key, unit, Stdio(), shim.ports.concurrency.latch())
            await kill_unit(shim, process)
            # The unit last: while it is there, whoever asks again finds what is left.
            removed = await shim.ports.runc.delete(_by_default(owner, bundle), limits.RUNC)
            if failed(removed):
                return Failure(removed.failure())
            if not await let_go(shim, process):
                return Failure(UnitFailed(unit, "not released"))
    return await _nothing_left(shim, bundle)


async def _nothing_left(shim: Shim, bundle: str) -> Result[Departed, Refusal]:
    unmounted = await shim.ports.mounts.unmount(bundle_files.rootfs(bundle), limits.MOUNT)
    if failed(unmounted):
        return Failure(unmounted.failure())
    return Success(Departed(NO_PID, _unknown(shim)))


def _by_default(owner: ContainerKey, bundle: str) -> RuncTarget:
    """What its Create asked for is lost with its record; few ask for anything special."""
    options = RuntimeOptions()
    return RuncTarget(
        owner=owner,
        binary=options.binary,
        root=bundle_files.runtime_root(options, owner.namespace),
        bundle=bundle,
        log=bundle_files.runtime_log(bundle, None),
        debug=False,
    )


def _unknown(shim: Shim) -> Exit:
    return Exit(UNKNOWN, shim.ports.clock.now())
