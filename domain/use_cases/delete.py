"""Delete: takes a stopped process apart, each step repeatable, and lets its id go.

A failure keeps the task, so that Delete can be asked again (T177, F16). Of two at once the
second waits for the first and then finds nothing (S14).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from returns.result import Failure, Result, Success

from domain import limits
from domain.caller import Caller
from domain.exit_status import NEVER, Exit, ExitStatus
from domain.identity import ExecId, Pid, ProcessKey
from domain.lifecycle import Heard, Phase
from domain.outcome import failed
from domain.ports.concurrency import Latch
from domain.refusal import (
    CallerGone,
    MountFailed,
    Operation,
    Refusal,
    UnitFailed,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.shim import Shim
from domain.task import Container, Process
from domain.use_cases.bring_up import kill_unit
from domain.use_cases.create import unmount
from domain.use_cases.departed import leave, left_over, let_the_rest_leave
from domain.use_cases.exits import look
from domain.use_cases.keep import keep
from domain.use_cases.let_go import let_go
from domain.use_cases.oci import forget_container
from domain.use_cases.tell import tell
from domain.use_cases.together import together
from domain.use_cases.unrecorded import sweep_units

# What an exec that was never started answers (T180).
NO_EXIT = Exit(ExitStatus(0), NEVER)
DELETABLE = frozenset({Phase.CREATED, Phase.EXITED})


@dataclass(frozen=True, slots=True)
class Departed:
    """The last that is told of a process."""

    pid: Pid
    exit: Exit


async def delete(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Departed, Refusal]:
    """Answers how the process ended; it and everything made for it are gone then.

    What it met is what it deletes: another one of that id, made while it waited, is not meant.
    """
    met = shim.process(key)
    while (busy := _busy(shim, key)) is not None:
        if await caller.waits_for(shim.ports.concurrency, (busy,), None) is None:
            return Failure(CallerGone("delete"))
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    container, process = found.unwrap()
    if not failed(met) and met.unwrap() != (container, process):
        return Failure(_gone(key))
    if key.exec_id is not None:
        return await _delete_exec(shim, container, process, key.exec_id)
    return await _delete_container(shim, container)


def _gone(key: ProcessKey) -> UnknownContainer | UnknownExec:
    if key.exec_id is None:
        return UnknownContainer(key.owner.container)
    return UnknownExec(key.exec_id)


def _busy(shim: Shim, key: ProcessKey) -> Latch | None:
    """What has to end first: a Create left alone (T110), recovery, a Delete, an exit's save."""
    if key.owner in shim.creating:
        return shim.creating[key.owner]
    found = shim.process(key)
    if failed(found):
        return None
    container, process = found.unwrap()
    return container.recovery or container.deletion or process.deletion or process.settling


async def _delete_container(shim: Shim, container: Container) -> Result[Departed, Refusal]:
    init = container.init
    if init.phase not in DELETABLE:
        return Failure(WrongPhase(Operation.DELETE, init.phase))
    container.deletion = shim.ports.concurrency.latch()
    why = await take_apart(shim, container)
    return Success(Departed(init.pid, init.exit or NO_EXIT)) if why is None else Failure(why)


async def take_apart(shim: Shim, container: Container) -> Refusal | None:
    """The Delete that `container.deletion` stands for; None when the container is gone."""
    deletion = container.deletion
    why = await _end_all(shim, container) or await _dismantle(shim, container)
    if why is None:
        await _depart(shim, container)
    else:
        container.deletion = None
        await keep(shim, container)
    if deletion is not None:
        deletion.open()
    return why


async def _end_all(shim: Shim, container: Container) -> Refusal | None:
    """Nobody is left whose end is unknown: each is told like any other.

    A container that was never started is ended first (T173); the end of an exec may have been
    missed, and its unit is about to go (H13).
    """
    refusals = await together(
        shim,
        [
            _end(shim, container, process)
            for process in container.processes()
            if process.unit_asked and not process.ended.is_open
        ],
    )
    return _first(refusals)


def _first(refusals: Sequence[Refusal | None]) -> Refusal | None:
    """None: every step succeeded."""
    return next((refusal for refusal in refusals if refusal is not None), None)


async def _end(shim: Shim, container: Container, process: Process) -> Refusal | None:
    for _ in range(limits.DEATH_LOOKS):
        await kill_unit(shim, process)
        await look(shim, container, process)
        if await shim.ports.concurrency.first_of((process.ended,), limits.DEATH_LOOK) is not None:
            return None
    return UnitFailed(
        process.unit, "its init does not die" if process.is_init else "it does not die"
    )


async def _dismantle(shim: Shim, container: Container) -> Refusal | None:
    """Every step of a Delete up to the point where nothing is left; None if all succeeded."""
    # The unit holds the exit's only copy until the record has it (S7); so without a record
    # nothing is taken apart.
    kept = await keep(shim, container)
    if failed(kept):
        return kept.failure()
    await together(
        shim,
        [
            shim.ports.streams(process).drain(process.key, limits.DRAIN)
            for process in container.processes()
        ],
    )
    # Beside each other: everybody in the container is dead, and each step finds its part of what
    # is left whether the others were faster or not.
    refusals = await together(
        shim,
        [
            _container_goes(shim, container),
            *(_release(shim, process) for process in container.processes()),
            *(_leaves(shim, container, process) for process in left_over(container)),
        ],
    )
    return _first(refusals) or await _latecomers_go(shim, container)


async def _latecomers_go(shim: Shim, container: Container) -> Refusal | None:
    """A start that a former daemon had asked for may have come after it was looked for (S34)."""
    return await sweep_units(shim, container.owner) if container.is_of_former else None


async def _container_goes(shim: Shim, container: Container) -> Refusal | None:
    """In this order: a poststop hook of the container may want its root file system."""
    why = await forget_container(shim, container)
    if why is None and container.rootfs and not await unmount(shim, container):
        return MountFailed("root file system is busy")
    return why


async def _release(shim: Shim, process: Process) -> Refusal | None:
    """Lets go of a process's unit and streams; what was never started has no unit."""
    if process.unit_asked:
        if not await let_go(shim, process):
            return UnitFailed(process.unit, "not released")
        shim.untrack(process)
    await shim.ports.streams(process).close(process.key)
    return None


async def _leaves(shim: Shim, container: Container, process: Process) -> Refusal | None:
    """The rest of an exec that was deleted before."""
    left = await leave(shim, container, process)
    return None if left else UnitFailed(process.unit, "not released")


async def _depart(shim: Shim, container: Container) -> None:
    """The id is free; who still waits is woken; the last event is owed to containerd."""
    container.deleted = True
    await keep(shim, container)
    shim.containers.pop(container.owner, None)
    container.farewell = shim.ports.concurrency.latch()
    shim.farewells[container.owner] = container.farewell
    for process in container.processes():
        process.hear(Heard.RELEASED)
        process.ended.open()
    if container.rootfs:  # else what is mounted there is not ours, and a clean-up's to take off
        shim.deleted_whole(container)
    tell(shim, container, container.deleted_event())


async def _delete_exec(
    shim: Shim, container: Container, process: Process, exec_id: ExecId
) -> Result[Departed, Refusal]:
    if process.phase not in DELETABLE:
        return Failure(WrongPhase(Operation.DELETE, process.phase))
    process.deletion = deletion = shim.ports.concurrency.latch()
    outcome = await _take_exec_apart(shim, container, process, exec_id)
    process.deletion = None
    deletion.open()
    return outcome


async def _take_exec_apart(
    shim: Shim, container: Container, process: Process, exec_id: ExecId
) -> Result[Departed, Refusal]:
    kept = await keep(shim, container)  # as in `_dismantle`
    if failed(kept):
        return Failure(kept.failure())
    await shim.ports.streams(process).drain(process.key, limits.DRAIN)
    await shim.ports.streams(process).close(process.key)
    shim.untrack(process)
    container.departed.append(container.execs.pop(exec_id))
    process.hear(Heard.RELEASED)
    process.ended.open()
    await keep(shim, container)
    let_the_rest_leave(shim, container)  # unless a later exec has taken its id already
    return Success(Departed(process.pid, _told_exit(process)))


def _told_exit(process: Process) -> Exit:
    return process.exit or NO_EXIT
