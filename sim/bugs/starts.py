"""Start: who may, what it answers, and what becomes of a failure."""

from typing import Final

from returns.result import Failure, Result, Success

from domain import lifecycle
from domain.caller import Caller
from domain.event import ExecStarted, TaskExited
from domain.exit_status import UNKNOWN, Exit
from domain.identity import NO_PID, ExecId, Pid
from domain.lifecycle import AFTER, Heard, Phase
from domain.refusal import DeadlinePassed, Refusal, RuncFailed, SystemdAway, WrongPhase
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import JobResult
from domain.unit_definition import UnitDefinition
from domain.use_cases import bring_up, start, start_exec
from domain.use_cases.exits import settle
from domain.use_cases.tell import tell
from sim.bugs.bug import At, Bug, honest, nothing

_start_exec = start_exec.start_exec
_settle = settle
_job = honest(bring_up, "_job")
_start_init = honest(start, "_start_init")


async def _and_kills(shim: Shim, caller: Caller, container: Container) -> Result[Pid, Refusal]:
    answer: Result[Pid, Refusal] = await _start_init(shim, caller, container)
    match answer:
        case Failure(WrongPhase()):
            await bring_up.kill_unit(shim, container.init)
    return answer


async def _runs_already(
    shim: Shim, caller: Caller, container: Container, process: Process, exec_id: ExecId
) -> Result[Pid, Refusal]:
    answer = await _start_exec(shim, caller, container, process, exec_id)
    match answer:
        case Failure(WrongPhase()) if process.started:
            tell(shim, container, ExecStarted(process.key, process.pid))
            return Success(process.pid)
    return answer


async def _without_a_pid(*_: object) -> Result[Pid, Refusal]:
    return Success(NO_PID)


async def _255_is_a_failure(
    shim: Shim, caller: Caller, container: Container, process: Process, exec_id: ExecId
) -> Result[Pid, Refusal]:
    answer = await _start_exec(shim, caller, container, process, exec_id)
    match await shim.ports.units.read(process.ref):
        case Success(state) if state.exit is not None and state.exit.status == UNKNOWN:
            return Failure(RuncFailed("exec", "exit status 255"))
    return answer


async def _once_more(
    shim: Shim, caller: Caller, process: Process, unit: UnitDefinition
) -> Result[JobResult, Refusal]:
    outcome: Result[JobResult, Refusal] = await _job(shim, caller, process, unit)
    match outcome:
        case Failure(SystemdAway() | DeadlinePassed()):
            again: Result[JobResult, Refusal] = await _job(shim, caller, process, unit)
            return again
    return outcome


async def _told_but_not_stored(
    shim: Shim, container: Container, process: Process, found: Exit
) -> None:
    process.hear(Heard.EXITED)
    tell(shim, container, TaskExited(process.key, process.pid, found))


async def _as_an_exit(shim: Shim, container: Container, process: Process, found: Exit) -> None:
    process.never_ran = False
    await _settle(shim, container, process, found)


BUGS: Final = (
    Bug(
        "start-is-no-claim",
        "of two starts at once both go on; runc refuses the second, whose clean-up kills",
        "D04",
        (
            At(
                lifecycle,
                "AFTER",
                {**AFTER, (Phase.STARTING, Heard.START_CLAIMED): Phase.STARTING},
            ),
        ),
    ),
    Bug(
        "second-start-kills-the-container",
        "a Start of a running init is refused by runc, and what runc refuses is killed",
        "D04",
        (
            At(
                lifecycle,
                "AFTER",
                {**AFTER, (Phase.RUNNING, Heard.START_CLAIMED): Phase.STARTING},
            ),
        ),
    ),
    Bug(
        "losing-start-kills-the-winners-unit",
        "a Start that comes second is refused, and cleans up what is the first one's",
        "D04",
        (At(start, "_start_init", _and_kills),),
    ),
    Bug(
        "second-start-of-an-exec-succeeds",
        "the start job of a unit that is active is done at once: a success, told again",
        "D05",
        (At(start, "start_exec", _runs_already),),
    ),
    Bug(
        "start-answers-pid-0",
        "the answer's pid is never set",
        "D02",
        (At(start, "_pid", _without_a_pid),),
    ),
    Bug(
        "255-is-a-failed-start",
        "an exec whose program ends with 255 at once counts as one that runc could not start",
        "D08",
        (At(start, "start_exec", _255_is_a_failure),),
    ),
    Bug(
        "retry-after-a-lost-reply-starts-twice",
        "a start whose answer did not come is asked for again, over the one that runs",
        "F90",
        (At(bring_up, "_job", _once_more),),
    ),
    Bug(
        "failed-start-is-told-and-not-stored",
        "the 255 of a failed start is an event, and Wait knows nothing of it",
        "D06",
        (At(start, "settle", _told_but_not_stored),),
    ),
    Bug(
        "late-exec-is-not-swept",
        "a start that was given up comes up all the same, and nobody kills it, before or after",
        "F52",
        # Either kill makes good for the other but for a moment between two reads of the pid file.
        (At(start_exec, "kill_unit", nothing), At(start_exec, "_nobody_came_late", nothing)),
    ),
    Bug(
        "failed-start-leaves-its-unit",
        "of an exec that could not be started the unit stays",
        "F61",
        (At(start_exec, "sweep", nothing),),
    ),
    Bug(
        "failed-start-lets-its-container-run",
        "runc let the program go and failed then; the Start fails, and the program runs",
        "F101",
        (At(start, "kill_unit", nothing),),
    ),
    Bug(
        "failed-exec-is-told-as-an-exit",
        "runc's own failure becomes the exit of a program that never ran",
        "D09",
        (At(start_exec, "settle", _as_an_exit),),
    ),
)
