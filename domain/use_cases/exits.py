"""How exits are noticed: hints say where to look, systemd says what happened.

A hint may be lost, late, repeated or about yesterday's unit: the state is read each time, so
all of that converges (resync.py looks for the hint that never came). The step into `exited`
happens once, here.
"""

from typing import Final

from returns.result import Failure, Result, Success

from domain import limits
from domain.event import TaskExited
from domain.exit_status import SIGNALLED, UNKNOWN, Exit
from domain.lifecycle import Heard
from domain.outcome import failed
from domain.ports.concurrency import Work
from domain.ports.log import Level
from domain.refusal import DeadlinePassed, NoSuchUnit, Refusal, SystemdAway
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import UnitState, Whom
from domain.use_cases.freezer import thaw
from domain.use_cases.keep import keep
from domain.use_cases.oci import forget_early
from domain.use_cases.tell import tell

SIGKILL: Final = 9

Reading = Work[Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]]


async def watch(shim: Shim) -> None:
    """Follows systemd's hints for the daemon's life."""
    while True:
        unit = await shim.ports.units.hint()
        look_at(shim, unit_processes=tuple(shim.tracked(unit)))


def look_at(shim: Shim, unit_processes: tuple[tuple[Container, Process], ...]) -> None:
    """Starts a look at each process's unit; a look that runs already is told to look again."""
    for container, process in unit_processes:
        if process.looking:
            process.look_again = True
        elif not process.ending:
            process.looking = True
            shim.ports.concurrency.spawn(f"look: {process.key}", _look(shim, container, process))


async def _look(shim: Shim, container: Container, process: Process) -> None:
    process.look_again = True
    await _look_again(shim, container, process)


async def _look_again(shim: Shim, container: Container, process: Process) -> None:
    """Reads the unit until nobody asks again."""
    while process.look_again and not process.ending:
        process.look_again = False
        await look(shim, container, process)
    process.looking = False


async def look(shim: Shim, container: Container, process: Process) -> None:
    """Reads the process's unit once; if the process has ended, settles that.

    While it is being created, started or found again its exit is theirs to judge who do that
    (use_cases/create.py, start.py, recover.py), and to look for afterwards.
    """
    if not process.unit_asked:
        return
    if _is_anothers(container, process):
        process.hinted = True
        return
    outcome = await shim.ports.units.read(process.ref)
    if _is_anothers(container, process):
        process.hinted = True
        return
    await _judge(shim, container, process, outcome)


def begin_look(shim: Shim, process: Process) -> Reading:
    """Reads the unit of a process whose start is not judged yet; `end_look` says what it means."""
    process.looking, process.look_again, process.hinted = True, False, False
    return shim.ports.concurrency.spawn(f"read: {process.key}", shim.ports.units.read(process.ref))


def end_look(shim: Shim, container: Container, process: Process, reading: Reading) -> None:
    """Takes it for a look, if it has read anything; a hint that came meanwhile is followed then."""
    shim.ports.concurrency.spawn(
        f"look: {process.key}", _end_look(shim, container, process, reading)
    )


async def _end_look(shim: Shim, container: Container, process: Process, reading: Reading) -> None:
    await shim.ports.concurrency.first_of((reading.done,), None)
    outcome = reading.outcome()
    if failed(outcome) or process.hinted:
        # That there was no unit says nothing: a start without an answer may have come since (S34).
        process.look_again = True
    if not failed(outcome):
        await _judge(shim, container, process, outcome)
    await _look_again(shim, container, process)


async def _judge(
    shim: Shim, container: Container, process: Process, outcome: Result[UnitState, Refusal]
) -> None:
    match outcome:
        case Success(state):
            process.invocation = state.ref.invocation
            found = ended(shim, state)
        case Failure(NoSuchUnit()):
            # Stopped while the daemon was down, and clean: collected with its status (F46).
            found = Exit(UNKNOWN, shim.ports.clock.now())
        case Failure(why):
            shim.ports.log.write(Level.DEBUG, process.key, f"cannot read the unit now: {why}")
            return
    if found is not None:
        await settle(shim, container, process, found)


def _is_anothers(container: Container, process: Process) -> bool:
    return process.is_starting or not container.created or container.is_recalled


def ended(shim: Shim, state: UnitState) -> Exit | None:
    """What a reading of a unit says of its process's end."""
    if state.exit is not None:
        return state.exit
    # Over without a main process's exit: nobody can know how the program ended.
    return Exit(UNKNOWN, shim.ports.clock.now()) if state.is_over else None


async def settle(shim: Shim, container: Container, process: Process, found: Exit) -> None:
    """The one step into `exited`: written down first, then told to everybody alike (S7)."""
    if process.ending:
        return
    process.ending = True
    process.exit = found
    # What systemd takes for over may live on; the next daemon takes a recorded exit as it is.
    if process.is_init and found.status == UNKNOWN:
        await thaw(shim, container, process)
    await _program_ends(shim, process, found)
    await keep(shim, container)
    process.hear(Heard.EXITED)
    process.ended.open()
    # Probes run an exec every few seconds: their ends are no news for an operator.
    level = Level.INFO if process.is_init else Level.DEBUG
    shim.ports.log.write(level, process.key, f"exited with {found.status}")
    if not process.never_ran:
        tell(shim, container, TaskExited(process.key, process.pid, found))
    if process.stdio.terminal:
        # A terminal ends for its client only when it is drained, and a client waits for that
        # end before it asks for the Delete, which drains too.
        shim.ports.concurrency.spawn(
            f"drain {process.key}", shim.ports.terminals.drain(process.key, limits.DRAIN)
        )
    if process.is_init:
        await _nobody_stays(shim, container)


async def _program_ends(shim: Shim, process: Process, found: Exit) -> None:
    """The signal may have hit an exec's reaper alone, which passes none on but TERM (lab).

    Its program would run on unseen.
    """
    if found.status > SIGNALLED:
        await _kill_program(shim, process)


async def _kill_program(shim: Shim, process: Process) -> None:
    """An exec's, if it lives and was ever identified."""
    if process.program is not None:
        await shim.ports.processes.signal(process.program, SIGKILL)


async def _nobody_stays(shim: Shim, container: Container) -> None:
    """In the container of an init that has ended."""
    await kill_the_rest(shim, container)
    forget_early(shim, container)
    look_at(shim, tuple((container, running) for running in container.execs.values()))


async def kill_the_rest(shim: Shim, container: Container) -> None:
    """The kernel ends the others only where the init was their namespace's (H15)."""
    if container.private_pid_namespace:
        return
    # These need no answer of systemd's, which may be stuck (F88; seeds 174774, 256719).
    for process in tuple(container.execs.values()):
        await _kill_program(shim, process)
    match await shim.ports.units.kill(container.init.ref, Whom.ALL, SIGKILL):
        case Failure(NoSuchUnit()):
            pass  # its cgroup is gone, and everybody with it
        case Failure(why):
            shim.lost("processes left in the container", container.owner, why)
