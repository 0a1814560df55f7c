"""What no record knows of: the record could not be read and was set aside (F119), or is behind.

Its units have names that are ours alone, so whoever is to clean up their id may end them.
"""

from returns.result import Failure, Result, Success

from domain import bundle_files, limits
from domain.caller import Caller
from domain.exit_status import Exit
from domain.identity import ContainerKey, ProcessKey
from domain.outcome import failed
from domain.ports.runc import RuncTarget
from domain.refusal import CallerGone, NoSuchUnit, Refusal, UnitFailed
from domain.request import RuntimeOptions, Stdio
from domain.shim import Shim
from domain.task import Process
from domain.unit import UnitRef
from domain.unit_name import UnitName, process_of, unit_name
from domain.use_cases.bring_up import kill_unit, sweep
from domain.use_cases.exits import ended


async def end_unrecorded(
    shim: Shim, caller: Caller, owner: ContainerKey, bundle: str
) -> Result[Exit | None, Refusal]:
    """Ends what systemd and runc have of this id; how its init ended, if systemd saw it.

    None: there is nothing. Its id must not be in use; while this lasts nobody can begin one.
    """
    init = UnitRef(unit_name(ProcessKey(owner)))
    match await shim.ports.units.read(init):
        case Failure(NoSuchUnit()):
            return Success(None)
        case Failure(why):
            return Failure(why)
    if owner in shim.containers:
        return Success(None)  # it has been made meanwhile, and is no stranger
    if owner in shim.creating:
        # Another of these, perhaps: what that could not end is still there.
        if not await none_under_way(shim, caller, owner):
            return Failure(CallerGone("clean-up"))
        return await end_unrecorded(shim, caller, owner, bundle)
    shim.claim(owner)
    outcome = await _end(shim, owner, bundle, init)
    shim.unclaim(owner)
    return outcome


async def none_under_way(shim: Shim, caller: Caller, owner: ContainerKey) -> bool:
    """Waits until nobody makes or ends a container of this id; False: the caller had enough."""
    claim = shim.creating.get(owner)
    if claim is None:
        return True
    return await caller.waits_for(shim.ports.concurrency, (claim,), None) is not None


async def _end(
    shim: Shim, owner: ContainerKey, bundle: str, init: UnitRef
) -> Result[Exit | None, Refusal]:
    # The runtime first: it thaws a paused container, which on cgroup v1 does not die frozen (F99).
    # Which one it was the record knew; of another's container runc says that it has none.
    removed = await shim.ports.runc.delete(_target(owner, bundle), limits.RUNC)
    if failed(removed):
        shim.lost("runc may keep the container", owner, removed.failure())
    await kill_unit(shim, _stranger(shim, ProcessKey(owner), init.name))
    found = await _ended(shim, init)
    why = await sweep_units(shim, owner)
    return Success(found) if why is None else Failure(why)


async def sweep_units(shim: Shim, owner: ContainerKey) -> Refusal | None:
    """Ends every unit that has a name of this id, whoever asked for it; None: there is none."""
    loaded = await shim.ports.units.ours()
    if failed(loaded):
        return loaded.failure()
    init = unit_name(ProcessKey(owner))
    for name in loaded.unwrap():
        key = ProcessKey(owner) if name == init else process_of(name)
        if key is None or key.owner != owner:
            continue
        if not await sweep(shim, _stranger(shim, key, name)):
            return UnitFailed(name, "not released")
    return None


def _stranger(shim: Shim, key: ProcessKey, name: UnitName) -> Process:
    return Process(key, name, Stdio(), shim.ports.concurrency.latch())


async def _ended(shim: Shim, init: UnitRef) -> Exit | None:
    """How it ended, as soon as systemd has seen that; None if that takes too long."""
    for _ in range(limits.DEATH_LOOKS):
        match await shim.ports.units.read(init):
            case Success(state) if (found := ended(shim, state)) is not None:
                return found
            case Failure(NoSuchUnit()):
                return None
        await shim.ports.concurrency.first_of((), limits.DEATH_LOOK)
    return None


def _target(owner: ContainerKey, bundle: str) -> RuncTarget:
    options = RuntimeOptions()
    return RuncTarget(
        owner=owner,
        binary=options.binary,
        root=bundle_files.runtime_root(options, owner.namespace),
        bundle=bundle,
        log=bundle_files.runtime_log(bundle, None),
        debug=False,
    )
