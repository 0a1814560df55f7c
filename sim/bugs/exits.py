"""How the end of a process is noticed, judged and written down."""

from typing import Final

from returns.result import Failure, Result, Success

from domain import limits, unit
from domain.caller import Caller
from domain.event import TaskExited
from domain.exit_status import SIGNALLED, UNKNOWN, Exit, ExitStatus, MainCode
from domain.identity import NO_PID, ProcessKey
from domain.refusal import CallerGone, Refusal
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import UnitState
from domain.use_cases import clean_up, exits, query, recover, resync, start, start_exec
from domain.use_cases.tell import tell
from sim.bugs.bug import At, Bug, InPlaceOf, no_step, nothing

_ended = exits.ended
_settle = exits.settle
_wait = query.wait


async def _settles_again(shim: Shim, container: Container, process: Process, found: Exit) -> None:
    process.ending = False
    await _settle(shim, container, process, found)


async def _every_wait_tells(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Exit, Refusal]:
    answer = await _wait(shim, caller, key)
    match answer, shim.process(key):
        case Success(Exit() as found), Success((container, process)):
            tell(shim, container, TaskExited(key, process.pid, found))
    return answer


async def _only_what_comes_later(
    shim: Shim, caller: Caller, key: ProcessKey
) -> Result[Exit, Refusal]:
    match shim.process(key):
        case Success((_, process)) if process.ended.is_open:
            never = shim.ports.concurrency.latch()
            await caller.waits_for(shim.ports.concurrency, (never,), None)
            return Failure(CallerGone("exit"))
    return await _wait(shim, caller, key)


def _bare_number(code: int, status: int) -> ExitStatus:
    return UNKNOWN if code == MainCode.NONE else ExitStatus(status)


def _signal_is_unknown(code: int, status: int) -> ExitStatus:
    return ExitStatus(status) if code == MainCode.EXITED else UNKNOWN


def _unless_dead(shim: Shim, state: UnitState) -> Exit | None:
    return None if state.main_pid == NO_PID and state.is_over else _ended(shim, state)


def _by_our_clock(shim: Shim, state: UnitState) -> Exit | None:
    found = _ended(shim, state)
    return None if found is None else Exit(found.status, shim.ports.clock.now())


def _only_a_unit_that_is_over(shim: Shim, state: UnitState) -> Exit | None:
    return _ended(shim, state) if state.is_over else None


async def _and_a_late_read(shim: Shim, container: Container, process: Process, found: Exit) -> None:
    await _settle(shim, container, process, found)
    match await shim.ports.units.read(process.ref):
        case Success(state) if state.exit is not None:
            process.exit = state.exit


async def _when_all_is_drained(
    shim: Shim, container: Container, process: Process, found: Exit
) -> None:
    await shim.ports.streams(process).drain(process.key, limits.DRAIN)
    await _settle(shim, container, process, found)


BUGS: Final = (
    Bug(
        "two-exits",
        "every look at an ended process settles and tells its exit once more",
        "D16",
        (InPlaceOf(_settle, _settles_again),),
    ),
    Bug(
        "every-wait-tells-the-exit",
        "each Wait that is answered sends the exit event again",
        "D16",
        (InPlaceOf(_wait, _every_wait_tells),),
    ),
    Bug(
        "signal-as-bare-number",
        "a process that a signal ended is told with the signal's number: 9 for 137",
        "D11",
        (At(unit, "exit_status", _bare_number),),
    ),
    Bug(
        "signal-as-unknown",
        "a process that a signal ended is told as 255, as if nobody knew",
        "D11",
        (At(unit, "exit_status", _signal_is_unknown),),
    ),
    Bug(
        "unknown-told-as-0",
        "where nobody can know the status the default of a number is told: success",
        "F34",
        tuple(
            At(module, "UNKNOWN", ExitStatus(0))
            for module in (clean_up, exits, recover, start, start_exec)
        ),
    ),
    Bug(
        "unknown-told-as-137",
        "where nobody can know the status the one of a KILL is told",
        "F10",
        tuple(
            At(module, "UNKNOWN", ExitStatus(SIGNALLED + exits.SIGKILL))
            for module in (clean_up, exits, recover, start, start_exec)
        ),
    ),
    Bug(
        "dead-unit-has-no-pid",
        "news of a unit without a main pid is thrown away, and a dead unit has none",
        "D06",
        (At(exits, "ended", _unless_dead),),
    ),
    Bug(
        "exit-only-of-an-inactive-unit",
        "an ended process is not noticed while RemainAfterExit keeps its unit active",
        "D57",
        (At(exits, "ended", _only_a_unit_that_is_over),),
    ),
    Bug(
        "exit-dated-by-our-clock",
        "the time of an exit is when the shim looked, not when systemd saw it",
        "D11",
        (At(exits, "ended", _by_our_clock),),
    ),
    Bug(
        "hints-are-the-only-source",
        "nobody looks unless a signal came, and signals get lost",
        "F56",
        (At(resync, "look_at", no_step),),
    ),
    Bug(
        "wait-hangs-when-the-exit-came-first",
        "Wait listens for an exit to come, and this one is there already",
        "D06",
        (InPlaceOf(_wait, _only_what_comes_later),),
    ),
    Bug(
        "late-read-overwrites-255",
        "the end of a failed start, told as 255, becomes what the unit shows of our own KILL",
        "D06",
        (At(start, "settle", _and_a_late_read),),
    ),
    Bug(
        "exit-waits-for-the-reader",
        "nobody hears of an exit before the client has read all output",
        "F38",
        (InPlaceOf(_settle, _when_all_is_drained),),
    ),
    Bug(
        "exit-not-written-down",
        "an exit is told before, and without, being kept",
        "F117",
        (At(exits, "keep", nothing),),
    ),
    Bug(
        "others-live-on-without-their-init",
        "in a shared pid namespace nobody ends the execs when their init has ended",
        "D44",
        (InPlaceOf(exits.kill_the_rest, nothing), At(exits, "forget_early", no_step)),
    ),
    Bug(
        "killed-reaper-leaves-its-program",
        "a KILL that hits an exec's reaper alone leaves its program running, told as ended",
        "D44",
        (At(exits, "_program_ends", nothing),),
    ),
    Bug(
        "unit-is-never-followed",
        "whom a hint is about is not known, and nobody looks at all of them either",
        "D15",
        (At(Shim, "track", no_step),),
    ),
)
