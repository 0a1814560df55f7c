"""Create: a container whose init is paused just before its program.

All or nothing: until the client is told of the container nobody else can see it, and a
failure at any step takes back what the steps before have made (S13), without an event.
"""

from collections.abc import Coroutine
from typing import Any

from returns.result import Failure, Result, Success

from domain import bundle_files, limits
from domain.caller import Caller
from domain.identity import NO_PID, ContainerKey, Pid, ProcessKey
from domain.outbox import Outbox
from domain.outcome import failed
from domain.ports.bundles import BundleFacts
from domain.refusal import (
    CallerGone,
    ContainerExists,
    NoSuchUnit,
    Refusal,
    RuncFailed,
    UnitExists,
    UnitFailed,
)
from domain.request import CreateRequest
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import JobResult
from domain.unit_definition import Start, cgroups_path, init_unit, slice_of
from domain.unit_name import unit_name
from domain.use_cases.bring_up import BroughtUp, bring_up, sweep, sweep_left_over
from domain.use_cases.evidence import evidence
from domain.use_cases.exits import look_at
from domain.use_cases.keep import forget, keep
from domain.use_cases.oci import forget_container
from domain.use_cases.tell import tell
from domain.use_cases.together import together

# runc's words when the id is another's: what exists under it is not ours to delete.
FOREIGN_CONTAINER = "already exists"


async def create(shim: Shim, caller: Caller, request: CreateRequest) -> Result[Pid, Refusal]:
    """Answers the init's pid; 0 for one that Start will restore from a checkpoint."""
    owner = request.owner
    if owner in shim.containers or owner in shim.creating:
        return Failure(ContainerExists(owner.container))
    shim.claim(owner)
    outcome = await _create(shim, caller, request)
    shim.unclaim(owner)
    return outcome


async def clear_remnants(shim: Shim) -> None:
    """Tries again to take back what failed Creates have left."""
    for owner in dict.fromkeys(remnant.owner for remnant in shim.remnants):
        if owner not in shim.creating:
            shim.claim(owner)
            await _clear(shim, owner)
            shim.unclaim(owner)


async def _clear(shim: Shim, owner: ContainerKey) -> bool:
    """The same for one id, which the caller has claimed: a new container must not be hit."""
    mine = [remnant for remnant in shim.remnants if remnant.owner == owner]
    for remnant in mine:
        shim.remnants.remove(remnant)
        await undo(shim, remnant, CallerGone("create"))
    return not any(remnant in shim.remnants for remnant in mine)


async def _create(shim: Shim, caller: Caller, request: CreateRequest) -> Result[Pid, Refusal]:
    if not await _clear(shim, request.owner):
        return Failure(ContainerExists(request.owner.container))
    facts = await shim.ports.bundles.facts(request.bundle)
    if failed(facts):
        return Failure(facts.failure())
    container = _container(shim, request, facts.unwrap())
    outcome = await _make(shim, caller, container)
    if failed(outcome):
        await undo(shim, container, outcome.failure())
        return Failure(outcome.failure())
    container.created = True
    kept = await keep(shim, container)
    if failed(kept):
        # Told of nowhere, it would be an orphan after the daemon's next death; and a save that
        # was told as failed may say that it was created.
        container.created = False
        await keep(shim, container)
        await undo(shim, container, kept.failure())
        return Failure(kept.failure())
    shim.containers[request.owner] = container
    tell(shim, container, container.created_event())
    if container.init.hinted:
        look_at(shim, ((container, container.init),))  # it has ended since it was read, perhaps
    return Success(container.init.pid)


def _container(shim: Shim, request: CreateRequest, facts: BundleFacts) -> Container:
    key = ProcessKey(request.owner)
    unit = unit_name(key)
    slice_name = slice_of(facts.cgroups_path, request.options)
    shim.youngest = max(shim.ports.clock.now(), shim.youngest + 1)
    return Container(
        owner=request.owner,
        life=shim.youngest,
        bundle=request.bundle,
        rootfs=request.rootfs,
        checkpoint=request.checkpoint,
        options=request.options,
        debug=request.debug,
        publish_to=request.publish_to,
        slice=slice_name,
        cgroup=cgroups_path(unit, slice_name, shim.host),
        private_pid_namespace=facts.private_pid_namespace,
        init=Process(key, unit, request.stdio, shim.ports.concurrency.latch()),
        outbox=Outbox(key, execs_first=facts.private_pid_namespace),
        former=shim.farewells.get(request.owner),
    )


async def _make(shim: Shim, caller: Caller, container: Container) -> Result[None, Refusal]:
    """The steps, each one's failure being the answer."""
    # Beside each other: without a record yet, `delete` takes the mounts off by the bundle's path
    # (clean_up.py). From the unit's start on whatever is made is found by the record (S30).
    steps: list[Coroutine[Any, Any, Result[None, Refusal]]] = [
        keep(shim, container),
        shim.ports.bundles.place(container.bundle, container.cgroup),
    ]
    if container.rootfs:
        rootfs = bundle_files.rootfs(container.bundle)
        steps.append(shim.ports.mounts.mount(rootfs, container.rootfs, limits.MOUNT))
    for outcome in await together(shim, steps):
        if failed(outcome):
            return outcome
    if container.checkpoint:
        return await _name_is_free(shim, container)  # Start restores it, terminal and all
    return await start_init_unit(shim, caller, container)


async def _name_is_free(shim: Shim, container: Container) -> Result[None, Refusal]:
    """A left-over of the name would be taken for the restored unit by the next daemon (F49)."""
    match await shim.ports.units.read(container.init.ref):
        case Failure(NoSuchUnit()):
            return Success(None)
        case Failure(why):
            return Failure(why)
        case _:
            swept = await sweep_left_over(shim, container, container.init)
            return Success(None) if swept else Failure(UnitExists(container.init.unit))


async def start_init_unit(
    shim: Shim, caller: Caller, container: Container
) -> Result[None, Refusal]:
    """stdio, the unit, the pid: what Create does and, from a checkpoint, Start."""
    init = container.init
    console = await open_stdio(shim, init)
    if failed(console):
        return Failure(console.failure())
    definition = init_unit(_start(container, console.unwrap()), shim.host)
    outcome = await bring_up(shim, caller, container, init, definition)
    if failed(outcome):
        return Failure(outcome.failure())
    up = outcome.unwrap()
    init.pid = _living_pid(up)
    if init.pid == NO_PID:
        return Failure(await _why_not(shim, container, up, definition.text()))
    if init.stdio.terminal:
        connected = await shim.ports.terminals.connected(init.key, limits.CONSOLE)
        if failed(connected):
            return Failure(connected.failure())
    return Success(None)


async def open_stdio(shim: Shim, process: Process) -> Result[str, Refusal]:
    """Takes hold of the client's FIFOs; answers a console socket's path if there is a terminal."""
    if process.stdio.terminal:
        socket = await shim.ports.terminals.listen(process.key, process.stdio, limits.STDIO)
        if process.size is not None and not failed(socket):
            sized = await shim.ports.terminals.resize(process.key, *process.size)
            if failed(sized):
                shim.lost("its terminal has not the size asked for", process.key, sized.failure())
        return socket
    opened = await shim.ports.fifos.open(process.key, process.stdio, limits.STDIO)
    return Failure(opened.failure()) if failed(opened) else Success("")


def _start(container: Container, console_socket: str) -> Start:
    return Start(
        process=container.init.key,
        bundle=container.bundle,
        stdio=container.init.stdio,
        options=container.options,
        slice=container.slice,
        debug=container.debug,
        console_socket=console_socket,
        checkpoint=container.checkpoint,
    )


def _living_pid(up: BroughtUp) -> Pid:
    """A job that is `done` proves nothing: success needs a living init (D55)."""
    if up.job is not JobResult.DONE or up.state is None or up.state.exit is not None:
        return NO_PID
    return up.state.main_pid


async def _why_not(
    shim: Shim, container: Container, up: BroughtUp, definition: str
) -> RuncFailed | UnitFailed:
    said = await shim.ports.runc.last_error(bundle_files.runtime_log(container.bundle, None))
    shown = await evidence(shim, container, container.init, definition)
    if said is not None:
        return RuncFailed("create", said, shown)
    if up.state is not None and up.state.exit is not None:
        return UnitFailed(
            container.init.unit, f"init ended at once with {up.state.exit.status}", shown
        )
    return UnitFailed(container.init.unit, up.job.value, shown)


async def undo(shim: Shim, container: Container, why: Refusal) -> None:
    """Takes back whatever a Create has made, in reverse; each step is tried.

    Its id is claimed: `creating` holds it.

    If something may be left the record stays, and `resync` and recovery try again.
    """
    init = container.init
    clean = True
    if init.unit_asked:
        clean = await sweep(shim, init)
        if not (isinstance(why, RuncFailed) and FOREIGN_CONTAINER in why.reason):
            clean = await _forget_container(shim, container) and clean
    await shim.ports.streams(init).close(init.key)
    if container.rootfs:
        clean = await unmount(shim, container) and clean
    shim.untrack(init)
    if clean:
        await forget(shim, container)
    else:
        shim.remnants.append(container)
        if container.keep_failure is not None:
            await keep(shim, container)  # what is on disk may say that it was created


async def _forget_container(shim: Shim, container: Container) -> bool:
    """False if runc may still have it."""
    why = await forget_container(shim, container)
    if why is not None:
        shim.lost("runc keeps the container", container.owner, why)
    return why is None


async def unmount(shim: Shim, container: Container) -> bool:
    """Takes the root file system's mounts off; False if one may be left."""
    outcome = await shim.ports.mounts.unmount(bundle_files.rootfs(container.bundle), limits.MOUNT)
    if failed(outcome):
        shim.lost("the root file system stays mounted", container.owner, outcome.failure())
        return False
    return True
