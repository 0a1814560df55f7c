"""Start: lets a created init run its program; for an exec, see start_exec.py.

The claim comes before the first await, so of two starts one loses and has no side effect
(D04). From the claim on the exit is this function's to judge: others look away
(exits.look), so a start that fails has one outcome however fast systemd's news is.
"""

from returns.result import Failure, Result, Success

from domain import limits
from domain.caller import Caller
from domain.event import TaskStarted
from domain.exit_status import SIGNALLED, UNKNOWN, Exit, ExitStatus, Timestamp
from domain.identity import NO_PID, Pid, ProcessKey
from domain.lifecycle import Heard, Phase
from domain.outcome import failed
from domain.refusal import (
    BeingDeleted,
    CallerGone,
    NoSuchUnit,
    Operation,
    Refusal,
    RuncFailed,
    WrongPhase,
)
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit_definition import Start, init_unit
from domain.use_cases.bring_up import kill_unit
from domain.use_cases.create import start_init_unit
from domain.use_cases.evidence import evidence
from domain.use_cases.exits import SIGKILL, look_at, settle
from domain.use_cases.keep import keep
from domain.use_cases.start_exec import start_exec
from domain.use_cases.tell import tell


async def start(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Pid, Refusal]:
    """Answers the pid of the process, which runs its program or has run it already."""
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    container, process = found.unwrap()
    if container.recovery is not None:
        # Whether it was started before the daemon's death is being found out.
        known = await caller.waits_for(shim.ports.concurrency, (container.recovery,), None)
        return Failure(CallerGone("recovery")) if known is None else await start(shim, caller, key)
    if container.is_going:
        return Failure(BeingDeleted(container.owner.container))
    if process.deletion is not None:
        return Failure(WrongPhase(Operation.START, Phase.DELETED, "its delete is under way"))
    if key.exec_id is not None:
        return await start_exec(shim, caller, container, process, key.exec_id)
    return await _start_init(shim, caller, container)


async def _start_init(shim: Shim, caller: Caller, container: Container) -> Result[Pid, Refusal]:
    init = container.init
    phase = init.said_phase
    if init.ending or not init.hear(Heard.START_CLAIMED):
        return Failure(WrongPhase(Operation.START, phase, _state_text(init)))
    container.outbox.start_claimed(init.key)
    await keep(shim, container)  # a start that may have happened must not be made twice (S31)
    if container.checkpoint:
        outcome = await start_init_unit(shim, caller, container)
    else:
        outcome = await shim.ports.runc.start(container.target(), limits.RUNC)
    if failed(outcome):
        return Failure(await _refused(shim, container, outcome.failure()))
    if init.stdin_ended:
        await shim.ports.streams(init).close_stdin(init.key)
    return await started(shim, caller, container, TaskStarted(container.owner, init.pid))


async def started(
    shim: Shim, caller: Caller, container: Container, event: TaskStarted
) -> Result[Pid, Refusal]:
    """The program runs: says so, and looks whether it has ended meanwhile."""
    init = container.init
    init.hear(Heard.STARTED)
    # Not written down here: the acknowledged event is, and until then recovery asks runc.
    tell(shim, container, event)
    look_at(shim, ((container, init),))
    return await _pid(shim, caller, container)


async def _pid(shim: Shim, caller: Caller, container: Container) -> Result[Pid, Refusal]:
    """Waits until the pid is known or the process has exited, while the caller does (R082)."""
    init = container.init
    while init.pid == NO_PID and not init.ended.is_open:
        match await shim.ports.units.read(init.ref):
            case Success(state) if state.main_pid != NO_PID:
                init.pid = state.main_pid
                continue
            case _:
                pass
        await caller.waits_for(shim.ports.concurrency, (init.ended,), limits.PID_LOOK)
        if caller.gone.is_open:
            return Failure(CallerGone("pid"))
    return Success(init.pid)


async def _refused(shim: Shim, container: Container, why: Refusal) -> Refusal:
    """`runc start` failed: the process ends here, and how it ended is said by `_outcome`.

    runc may have let it go before it failed (F101), so nothing of it may run on.
    """
    init = container.init
    found = await _outcome(shim, init)
    shown = await evidence(shim, container, init, _definition(shim, container))
    if container.checkpoint:
        await shim.ports.streams(init).close(init.key)  # they came with this start (R081)
    container.outbox.start_failed(init.key)
    await settle(shim, container, init, found)
    if isinstance(why, RuncFailed):
        return RuncFailed("start", why.reason, shown)
    return why


async def _outcome(shim: Shim, init: Process) -> Exit:
    """Its own exit if it had ended before our KILL; else 255 now, never our own 137.

    A KILL that systemd dates before ours was somebody else's, and counts.
    """
    before = await _shown_exit(shim, init)
    if before is not None:
        return before
    killed_at = shim.ports.clock.now()
    found = await _death(shim, init)
    if found is None or _is_ours(found, killed_at):
        return Exit(UNKNOWN, shim.ports.clock.now())
    return found


def _is_ours(found: Exit, killed_at: Timestamp) -> bool:
    return found.status == ExitStatus(SIGNALLED + SIGKILL) and found.at >= killed_at


async def _death(shim: Shim, init: Process) -> Exit | None:
    """KILL, until systemd shows the end: one kill may be lost (F94)."""
    for _ in range(limits.DEATH_LOOKS):
        await kill_unit(shim, init)
        outcome = await shim.ports.units.read(init.ref)
        if failed(outcome):
            if isinstance(outcome.failure(), NoSuchUnit):
                return None
        elif outcome.unwrap().exit is not None or outcome.unwrap().is_over:
            return outcome.unwrap().exit
        await shim.ports.concurrency.first_of((), limits.DEATH_LOOK)
    return None


async def _shown_exit(shim: Shim, init: Process) -> Exit | None:
    outcome = await shim.ports.units.read(init.ref)
    return None if failed(outcome) else outcome.unwrap().exit


def _definition(shim: Shim, container: Container) -> str:
    init = container.init
    begun = Start(
        process=init.key,
        bundle=container.bundle,
        stdio=init.stdio,
        options=container.options,
        slice=container.slice,
        debug=container.debug,
        checkpoint=container.checkpoint,
    )
    return init_unit(begun, shim.host).text()


def _state_text(process: Process) -> str:
    if process.exit is None:
        return f"pid: {process.pid}"
    return f"pid: {process.pid}, code: {process.exit.status}, exitedAt: {process.exit.at}"
