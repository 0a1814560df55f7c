"""After the daemon died anywhere: finds its tasks again and goes on.

systemd says what became of the processes, the records say what was asked, how far it had
come and what containerd has been told. What was half-way is finished or taken back:

* a Create of which nobody was told: taken back, without an event;
* a Start: runc is asked whether the program was let go; if not, the task is `created` again
  and the client may repeat its call;
* an exec's Start: the pid file tells whether its program ran;
* a Delete: goes on to its end;
* a container whose bundle containerd has removed: nobody will ask for it, so it is deleted as
  soon as it does not run.
"""

from collections.abc import Iterator

from returns.result import Failure, Success

from domain import limits
from domain.event import ExecAdded, ExecStarted, TaskEvent, TaskExited, TaskStarted
from domain.exit_status import UNKNOWN, Exit
from domain.identity import NO_PID
from domain.lifecycle import Heard, Phase
from domain.outcome import failed
from domain.ports.log import Level
from domain.ports.runc import RuncState
from domain.record import Told
from domain.refusal import DeadlinePassed, NoSuchUnit
from domain.shim import Shim
from domain.succession import as_it_was_left, is_past
from domain.task import Container, Process
from domain.unit import UnitState
from domain.use_cases.create import clear_remnants
from domain.use_cases.delete import take_apart
from domain.use_cases.departed import let_the_rest_leave
from domain.use_cases.exits import kill_the_rest, look_at
from domain.use_cases.hold import hold
from domain.use_cases.keep import forget, keep
from domain.use_cases.recall import has_ended, recalled
from domain.use_cases.start_exec import never_ran
from domain.use_cases.tell import send, tell
from domain.use_cases.together import together


async def recover(shim: Shim) -> None:
    """Takes every record up; returns when each task can be asked for.

    What takes time (finishing deletes, telling events) goes on beside. One record that
    makes trouble holds up no other (F13, L7).
    """
    works = []
    found = await shim.ports.records.all()
    records = tuple(as_it_was_left(record, found) for record in found)
    shim.youngest = max((record.life for record in records), default=0)
    # Farewells first, the older before the younger: a later life of the id waits for them.
    for record in sorted(records, key=lambda record: (not record.deleted, record.life)):
        container = recalled(shim, record)
        if is_past(record, records):
            await forget(shim, container)
        elif container.deleted:
            _say_farewell(shim, container)
        else:
            works.append(
                shim.ports.concurrency.spawn(f"recover {record.owner}", _take_up(shim, container))
            )
    for work in works:
        await shim.ports.concurrency.first_of((work.done,), limits.RECOVERY)


def _say_farewell(shim: Shim, container: Container) -> None:
    container.farewell = shim.ports.concurrency.latch()
    shim.farewells[container.owner] = container.farewell
    _owe(container)
    tell(shim, container, container.deleted_event())


async def _take_up(shim: Shim, container: Container) -> None:
    if not container.created:
        container.init.unit_asked = True
        shim.remnants.append(container)
        await clear_remnants(shim)
        return
    container.recovery = found_again = shim.ports.concurrency.latch()
    shim.containers[container.owner] = container
    await _find_out(shim, container)
    container.recovery = None
    found_again.open()
    let_the_rest_leave(shim, container)
    if container.deletion is not None:
        shim.ports.concurrency.spawn(f"delete {container.owner}", _go_on(shim, container))
    elif await shim.ports.bundles.is_gone(container.bundle):
        shim.ports.concurrency.spawn(f"delete {container.owner}", _once_over(shim, container))


async def _find_out(shim: Shim, container: Container) -> None:
    """How far it had come; until that is known nobody starts, deletes or freezes anything."""
    await _ask_runc(shim, container)
    # Before anything is looked at: news must find what is owed in the outbox already.
    _owe(container)
    send(shim, container)
    # Beside each other: the start of one may be under way for long, and holds up no other (L7).
    await together(
        shim, [_take_up_process(shim, container, process) for process in container.processes()]
    )
    await keep(shim, container)


async def _take_up_process(shim: Shim, container: Container, process: Process) -> None:
    if process.is_init:
        await _adopt(shim, container, process)
        if process.ending:
            # The former daemon may have died between the record of the end and its KILL.
            await kill_the_rest(shim, container)
    else:
        await _take_up_exec(shim, container, process)
    look_at(shim, ((container, process),))


async def _adopt(shim: Shim, container: Container, process: Process) -> None:
    """The unit's reference and the client's FIFOs are held again."""
    if not process.unit_asked:
        return
    await hold(shim, container, process)
    if process.ending:
        return
    if process.stdio.terminal:
        # Its master died with the daemon; keeping it is a later issue's (FD store).
        shim.ports.log.write(Level.WARNING, process.key, "the terminal is lost")
        return
    reopened = await shim.ports.fifos.reopen(process.key, process.stdio)
    if failed(reopened):
        shim.lost("stdio is not held", process.key, reopened.failure())


async def _ask_runc(shim: Shim, container: Container) -> None:
    """Was the init let go, is it frozen? The record may be older than either (F116)."""
    init = container.init
    if init.ending or not await _was_asked(shim, container, init):
        return
    restoring = bool(container.checkpoint) and init.is_starting
    restored = restoring and _has_run(await _job_is_over(shim, init))
    status = await _status(shim, container)
    if restoring:
        # Only now: the former daemon's call may have come late, between the look and the question.
        init.pid = await shim.ports.bundles.pid(container.bundle, None) or NO_PID
    if restoring and not (status or restored or init.pid):
        # A restore that failed. Written down before anybody is told: the next daemon's clock is
        # another (S7).
        container.outbox.start_failed(init.key)
        init.ending, init.exit = True, Exit(UNKNOWN, shim.ports.clock.now())
        await keep(shim, container)
        has_ended(init, init.exit)
        return
    if init.phase is Phase.CREATED and status in {"running", "paused"}:
        init.hear(Heard.START_CLAIMED)
    if init.phase is Phase.STARTING and status == Phase.CREATED.value:
        init.phase = Phase.CREATED
    # Of a start that was under way: let go, or ended since, as only such a one can unseen.
    init.hear(Heard.STARTED)
    if status in {"running", "paused"}:
        init.hear(Heard.PAUSED if status == "paused" else Heard.RESUMED)


async def _status(shim: Shim, container: Container) -> str:
    """What runc says; "" if it does not know the container, or does not answer."""
    for _ in range(limits.RUNC_ASKED):
        match await shim.ports.runc.state(container.target(), limits.RUNC):
            case Success(RuncState(status=status)):
                return status
            case Failure(DeadlinePassed()):
                pass
            case _:
                break
    return ""


async def _take_up_exec(shim: Shim, container: Container, process: Process) -> None:
    if not await _was_asked(shim, container, process):
        return
    await _adopt(shim, container, process)
    if not process.is_starting:
        return
    await _job_is_over(shim, process)
    pid = await shim.ports.bundles.pid(container.bundle, process.key.exec_id)
    if pid is None or process.never_ran:  # which the former daemon may have found already
        await never_ran(shim, container, process)
        return
    process.pid = pid
    process.program = (await shim.ports.processes.identify(pid, container.cgroup)).value_or(None)
    process.hear(Heard.STARTED)
    tell(shim, container, ExecStarted(process.key, pid))


async def _was_asked(shim: Shim, container: Container, process: Process) -> bool:
    """Whether systemd was asked to start its unit: the record may not say so (F116)."""
    if process.unit_asked or await _reading(shim, process) is None:
        return process.unit_asked
    process.unit_asked = True
    container.outbox.start_claimed(process.key)
    return process.hear(Heard.START_CLAIMED)


async def _job_is_over(shim: Shim, process: Process) -> UnitState | None:
    """Waits until a start that the former daemon asked for has come to its end: its last look."""
    state = None
    for _ in range(limits.START_LOOKS):
        state = await _reading(shim, process)
        if state is None:
            break
        process.invocation = state.ref.invocation
        if not state.is_starting:
            break
        await shim.ports.concurrency.first_of((), limits.START_LOOK)
    return state


def _has_run(state: UnitState | None) -> bool:
    """A restore that failed has no main process; one that did not runc may not know (F104)."""
    return state is not None and (state.main_pid != NO_PID or state.exit is not None)


async def _reading(shim: Shim, process: Process) -> UnitState | None:
    """The process's unit, asked for until systemd answers; None if there is none."""
    for _ in range(limits.START_LOOKS):
        match await shim.ports.units.read(process.ref):
            case Success(UnitState() as state):
                return state
            case Failure(NoSuchUnit()):
                return None
            case _:
                await shim.ports.concurrency.first_of((), limits.START_LOOK)
    return None


async def _once_over(shim: Shim, container: Container) -> None:
    """containerd removes a bundle last, whatever came of its Create or Delete.

    So a record can outlive what it speaks of: one that no disk would take back (F116), say.
    """
    init = container.init
    if init.phase is not Phase.CREATED:
        # However long: nobody ends a program for a folder's sake.
        await shim.ports.concurrency.first_of((init.ended,), None)
    if container.deletion is None and not container.deleted:
        container.deletion = shim.ports.concurrency.latch()
        await _go_on(shim, container)


async def _go_on(shim: Shim, container: Container) -> None:
    """Finishes a Delete; its client may have had its answer, so nobody else will ask again."""
    while (why := await take_apart(shim, container)) is not None:
        shim.lost("its delete cannot be finished yet", container.owner, why)
        await shim.ports.concurrency.first_of((), limits.RESYNC)
        if container.deletion is not None or container.deleted:
            return  # somebody did ask
        container.deletion = shim.ports.concurrency.latch()


def _owe(container: Container) -> None:
    """Puts into the outbox what happened and was not acknowledged, in the order it happened."""
    for process in container.execs.values():
        if process.is_starting:
            container.outbox.start_claimed(process.key)
    for process, told, event in _history(container):
        if told in process.told:
            container.outbox.already_told(event)
        else:
            container.outbox.put(event)
    container.is_recalled = False


def _history(container: Container) -> Iterator[tuple[Process, Told, TaskEvent]]:
    init = container.init
    # Of a deleted exec the end alone is owed, and what comes before it.
    departed = tuple(process for process in container.departed if process.owes_its_exit)
    execs = (*departed, *container.execs.values())
    yield init, Told.CREATED, container.created_event()
    if init.started:
        yield init, Told.STARTED, TaskStarted(container.owner, init.pid)
    for process in execs:
        yield process, Told.CREATED, ExecAdded(process.key)
        if process.started:
            yield process, Told.STARTED, ExecStarted(process.key, process.pid)
    for process in (*execs, init):
        if process.exit is not None and not process.never_ran:
            yield process, Told.EXITED, TaskExited(process.key, process.pid, process.exit)
