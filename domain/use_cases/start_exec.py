"""Start of an exec: a unit whose main process waits for the program that runc sets up.

Whether the program ran is told by runc's pid file, never by a number: a program may well
end with 255 (D08).
"""

from returns.result import Failure, Result, Success

from domain import bundle_files, limits
from domain.caller import Caller
from domain.event import ExecStarted
from domain.exit_status import UNKNOWN, Exit
from domain.identity import NO_PID, ExecId, Pid
from domain.lifecycle import Heard, Phase
from domain.outcome import failed
from domain.refusal import (
    ContainerNotStarted,
    InitNotRunning,
    Operation,
    Refusal,
    RuncFailed,
    WrongPhase,
)
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import JobResult
from domain.unit_definition import Start, UnitDefinition, exec_unit
from domain.use_cases.bring_up import kill_unit, start_unit, sweep
from domain.use_cases.create import open_stdio
from domain.use_cases.evidence import evidence
from domain.use_cases.exits import SIGKILL, begin_look, end_look, look, settle
from domain.use_cases.keep import keep
from domain.use_cases.tell import send, tell


async def start_exec(
    shim: Shim, caller: Caller, container: Container, process: Process, exec_id: ExecId
) -> Result[Pid, Refusal]:
    """Answers the program's pid, as the host counts, even if it has ended already."""
    refusal = await _container_allows(shim, container)
    if refusal is not None:
        return Failure(refusal)
    phase = process.said_phase
    if process.ending or not process.hear(Heard.START_CLAIMED):
        return Failure(WrongPhase(Operation.START, phase, f"pid: {process.pid}"))
    container.outbox.start_claimed(process.key)
    await keep(shim, container)
    console = await open_stdio(shim, process)
    if failed(console):
        await never_ran(shim, container, process)
        return Failure(console.failure())
    unit = _definition(shim, container, process, exec_id, console.unwrap())
    outcome = await start_unit(shim, caller, container, process, unit)
    # Beside the pid file: a client that waits for the end of a short program waits for both.
    reading = begin_look(shim, process)
    pid = await shim.ports.bundles.pid(container.bundle, exec_id)
    if pid is None and (failed(outcome) or outcome.unwrap() is not JobResult.DONE):
        # It may be coming up all the same (S34), even if its job was canceled: before it is said
        # that nobody ran, nobody is left who could still write the pid file.
        await kill_unit(shim, process)
        pid = await shim.ports.bundles.pid(container.bundle, exec_id)
    if pid is not None:
        answer = await _ran(shim, container, process, pid, outcome)
        end_look(shim, container, process, reading)
        return answer
    why = await _why_not(shim, container, process, outcome, unit)
    await never_ran(shim, container, process)
    return Failure(why)


async def _container_allows(shim: Shim, container: Container) -> Refusal | None:
    """The init must be there; it is looked at once more before an exec is refused (R083)."""
    init = container.init
    if init.pid == NO_PID:
        await look(shim, container, init)
    if init.ending or init.phase in {Phase.EXITED, Phase.DELETED}:
        return InitNotRunning(container.owner.container)
    return ContainerNotStarted() if init.pid == NO_PID else None


def _definition(
    shim: Shim, container: Container, process: Process, exec_id: ExecId, console_socket: str
) -> UnitDefinition:
    begun = Start(
        process=process.key,
        bundle=container.bundle,
        stdio=process.stdio,
        options=container.options,
        slice=container.slice,
        debug=container.debug,
        console_socket=console_socket,
    )
    return exec_unit(begun, exec_id, shim.host)


async def _ran(
    shim: Shim,
    container: Container,
    process: Process,
    pid: Pid,
    outcome: Result[JobResult, Refusal],
) -> Result[Pid, Refusal]:
    """The program was set up: a start, whatever became of it or of the one who asked."""
    process.pid = pid
    found = await shim.ports.processes.identify(pid, container.cgroup)
    process.program = found.value_or(None)
    answer: Result[Pid, Refusal] = Success(pid)
    if process.stdio.terminal:
        connected = await shim.ports.terminals.connected(process.key, limits.CONSOLE)
        answer = connected.map(lambda _: pid)
    if failed(outcome):
        answer = Failure(outcome.failure())
    process.hear(Heard.STARTED)
    if process.stdin_ended:
        await shim.ports.streams(process).close_stdin(process.key)
    # Not written down here: the acknowledged event is; until then the pid file tells (recover).
    tell(shim, container, ExecStarted(process.key, pid))
    if failed(answer):
        # Nobody will use it: the program first, for its unit holds only the reaper (lab).
        if process.program is not None:
            await shim.ports.processes.signal(process.program, SIGKILL)
        await kill_unit(shim, process)
        process.look_again = True
    return answer


async def never_ran(shim: Shim, container: Container, process: Process) -> None:
    """A failed start: no exit is told, nobody waits on, and nothing is left of it."""
    process.never_ran = True
    if process.unit_asked:
        await sweep(shim, process)
        await _nobody_came_late(shim, container, process)
        shim.untrack(process)
    await shim.ports.streams(process).close(process.key)
    container.outbox.start_failed(process.key)
    await settle(shim, container, process, Exit(UNKNOWN, shim.ports.clock.now()))
    send(shim, container)


async def _nobody_came_late(shim: Shim, container: Container, process: Process) -> None:
    """A kill may have been lost before the pid file was read, and the program set up then (F94)."""
    pid = await shim.ports.bundles.pid(container.bundle, process.key.exec_id)
    if pid is not None:
        found = await shim.ports.processes.identify(pid, container.cgroup)
        if not failed(found):
            await shim.ports.processes.signal(found.unwrap(), SIGKILL)


async def _why_not(
    shim: Shim,
    container: Container,
    process: Process,
    outcome: Result[JobResult, Refusal],
    unit: UnitDefinition,
) -> Refusal:
    """runc's own words: clients read "executable file not found" out of them (task-api 4.5)."""
    if failed(outcome):
        refusal: Refusal = outcome.failure()
        return refusal
    log = bundle_files.runtime_log(container.bundle, process.key.exec_id)
    said = await shim.ports.runc.last_error(log)
    shown = await evidence(shim, container, process, unit.text())
    return RuncFailed("exec", said or f"unit {unit.name}: {outcome.unwrap().value}", shown)
