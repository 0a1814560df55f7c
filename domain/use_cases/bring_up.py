"""Starting a process's unit, for a caller who may give up while systemd works.

Shared by create, restore and exec. A job's result proves nothing: `done` may mean "skipped"
(F59), and `failed` that a program ran and ended. So an init's unit is read afterwards; of an
exec the pid file tells (start_exec.py).
"""

from dataclasses import dataclass

from returns.result import Failure, Result, Success

from domain import limits
from domain.caller import Caller
from domain.outcome import failed
from domain.refusal import CallerGone, NoSuchUnit, Refusal, UnitExists
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.use_cases.exits import SIGKILL
from domain.use_cases.let_go import let_go
from domain.use_cases.oci import forget_container


@dataclass(frozen=True, slots=True)
class BroughtUp:
    """The job's result and the unit as it was right after it; None if it is gone already."""

    job: JobResult
    state: UnitState | None


async def bring_up(
    shim: Shim, caller: Caller, container: Container, process: Process, unit: UnitDefinition
) -> Result[BroughtUp, Refusal]:
    """Starts the unit and reads it; remembers its invocation."""
    job = await start_unit(shim, caller, container, process, unit)
    if failed(job):
        return Failure(job.failure())
    return await _reading(shim, process, job.unwrap())


async def start_unit(
    shim: Shim, caller: Caller, container: Container, process: Process, unit: UnitDefinition
) -> Result[JobResult, Refusal]:
    """Starts the unit and waits for its job.

    A left-over of the name is swept away once (F48, F49): no task of ours has it, or this
    start would have been refused. After any other failure the unit may still come up (S34):
    the caller sweeps it.
    """
    process.unit_asked = True
    shim.track(container, process)
    outcome = await _job(shim, caller, process, unit)
    match outcome:
        case Failure(UnitExists()) if await sweep_left_over(shim, container, process):
            outcome = await _job(shim, caller, process, unit)
    return outcome


async def _job(
    shim: Shim, caller: Caller, process: Process, unit: UnitDefinition
) -> Result[JobResult, Refusal]:
    job = shim.ports.concurrency.spawn(
        f"start {unit.name}", shim.ports.units.start(unit, limits.START_ANSWER)
    )
    if await caller.waits_for(shim.ports.concurrency, (job.done,), None) is not None:
        return job.outcome()
    # With a limit of its own: the caller's time is up (R086, D47).
    await kill_unit(shim, process)
    await shim.ports.concurrency.first_of((job.done,), limits.DEATH)
    return Failure(CallerGone(f"start of {unit.name}"))


async def _reading(shim: Shim, process: Process, job: JobResult) -> Result[BroughtUp, Refusal]:
    process.hinted = False  # what is told from here on may be news
    match await shim.ports.units.read(UnitRef(process.unit)):
        case Success(state):
            process.invocation = state.ref.invocation
            return Success(BroughtUp(job, state))
        case Failure(NoSuchUnit()):
            return Success(BroughtUp(job, None))
        case Failure(why):
            return Failure(why)
        case impossible:
            raise AssertionError(impossible)


async def sweep_left_over(shim: Shim, container: Container, process: Process) -> bool:
    """Ends a unit of the process's name that nobody knows; False if something may be left.

    What runc has of it goes before the unit: without that nobody would know that it was ours.
    """
    await kill_unit(shim, process)
    if process.is_init and await forget_container(shim, container) is not None:
        return False
    return await let_go(shim, process)


async def sweep(shim: Shim, process: Process) -> bool:
    """Ends whatever runs in a process's unit and lets go of it; False if something may be left."""
    await kill_unit(shim, process)
    return await let_go(shim, process)


async def kill_unit(shim: Shim, process: Process) -> None:
    """KILL for every process of the unit; that nobody is left is as good."""
    match await shim.ports.units.kill(process.ref, Whom.ALL, SIGKILL):
        case Success() | Failure(NoSuchUnit()):
            pass
        case Failure(why):
            shim.lost(f"{process.unit} is not killed", process.key, why)
