"""What must hold of the events that containerd hears: their order, number and truth."""

from collections.abc import Iterator
from itertools import takewhile
from math import inf
from typing import Final

from domain.event import (
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskExited,
    TaskStarted,
)
from domain.exit_status import NS_PER_US, SIGNALLED, UNKNOWN, Exit, MainCode
from domain.identity import NO_PID, ProcessKey
from domain.unit import Activity
from sim.life import Life
from sim.outcome import (
    ROUNDING_S,
    Outcome,
    is_start_of,
    process_of,
    round_at,
    seconds,
)
from sim.world.kernel import SIGKILL, KernelProcess

# Faults by which the end of an exec may come late, or be known late.
SLOW_FOR_EXECS: Final = frozenset(
    f"F{number}"
    for number in (45, 52, 53, 54, 56, 58, 64, 67, 70, 77, 81, 87, 88, 89, 91, 92, 98, 102)
)
STARTS: Final = (TaskStarted, ExecStarted)
# The word that it was created, and the word back.
RECORDS_OF_A_BROKEN_CREATE: Final = 2
EXITED_ZERO: Final = (MainCode.EXITED, 0)


def s1_exit_once(outcome: Outcome) -> Iterator[str]:
    """Distinct exits of one process: at most one (equal repeats follow a lost answer)."""
    for life, chapter in outcome.all_chapters():
        exits: dict[ProcessKey, set[Exit]] = {}
        for event in chapter:
            if isinstance(event, TaskExited):
                exits.setdefault(event.process, set()).add(event.exit)
        for process, told in exits.items():
            if len(told) > 1 and not _was_lost(outcome, life, told):
                yield f"{process} exited {len(told)} times"


def s2_start_before_exit(outcome: Outcome) -> Iterator[str]:
    """Unless the end of a failed start was lost with the shim's memory (F116, see S7)."""
    for life, chapter in outcome.all_chapters():
        if outcome.disk_refused(life.owner):
            continue
        started: dict[ProcessKey, None] = {}
        exited: dict[ProcessKey, None] = {}
        for event in chapter:
            process = process_of(event)
            if isinstance(event, TaskStarted | ExecStarted):
                if process in exited and process not in started:
                    yield f"{process} started after its exit"
                started[process] = None
            elif isinstance(event, TaskExited):
                exited[process] = None


def s3_execs_before_init(outcome: Outcome) -> Iterator[str]:
    """Where nothing is slow: the init's exit waits for those of its execs, but not long (F01)."""
    if outcome.fired.keys() & SLOW_FOR_EXECS:
        return
    for life, chapter in outcome.all_chapters():
        if not life.rounds[0].private_pid_namespace or len(life.rounds) > 1:
            continue
        if outcome.may_be_behind(life.owner):
            continue  # what no disk took was told may be told again (F116)
        over = False
        for event in chapter:
            if isinstance(event, TaskExited):
                if over and event.process != life.init:
                    yield f"{event.process} is told to have exited after its init"
                over = over or event.process == life.init


def s4_create_first_delete_last(outcome: Outcome) -> Iterator[str]:
    """Nothing of a container is told before its create, and nothing after its delete.

    But for what is said again, word for word, since no disk took that it was said (F116).
    """
    for life, chapter in outcome.all_chapters():
        if not isinstance(chapter[0], TaskCreated):
            yield f"{life.owner}: {chapter[0]} came first"
        deletes = [at for at, event in enumerate(chapter) if isinstance(event, TaskDeleted)]
        again = outcome.may_be_behind(life.owner)
        known = set(chapter[: deletes[0]]) if deletes and again else set()
        if deletes and len(set(chapter[deletes[0] :]) - known) > 1:
            yield f"{life.owner}: something follows its delete"


def s5_exit_truth(outcome: Outcome) -> Iterator[str]:
    """The status is the kernel's; the one unknown value only where nobody could know better.

    Whoever was killed in D state may be told by what systemd saw end: the reaper (F102).
    """
    for at_s, event in outcome.heard():
        if not isinstance(event, TaskExited) or event.pid == NO_PID:
            continue
        process = outcome.process(event.process, event.pid, at_s)
        if process is None:
            continue
        told = event.exit.status
        if process.lives and not process.dying and told != UNKNOWN:
            yield f"{event.process} is told as {told}, and lives"
        elif (
            told != _witnessed(outcome, process)
            and not (told == UNKNOWN and _cannot_be_known(outcome, event, process))
            and not (told == SIGNALLED + SIGKILL and _was_unwatched(outcome, event, process))
        ):
            yield f"{event.process} is told as {told}, it was {_witnessed(outcome, process)}"


def _witnessed(outcome: Outcome, process: KernelProcess) -> int:
    """As a shell would tell it; in words of our own, since the rules' are what is judged."""
    witness = _witness(outcome, process)
    by_signal = witness.code in {MainCode.KILLED, MainCode.DUMPED}
    return SIGNALLED + witness.status if by_signal else witness.status


def _was_unwatched(outcome: Outcome, event: TaskExited, process: KernelProcess) -> bool:
    """An exec whose reaper was killed while it waited for runc is told by that (seed 119293)."""
    is_exec = event.process.exec_id is not None
    return is_exec and "F101" in outcome.fired and outcome.unit_of(process) is None


def _witness(outcome: Outcome, process: KernelProcess) -> KernelProcess:
    """Whose end systemd can know: an exec's reaper ends as its program did, or is ended before.

    Or at that very moment, when it has not passed the status on yet (seed 284962).
    """
    unit = outcome.unit_of(process)
    main = None if unit is None else unit.main
    if main is None or (not process.lives and process.ended_at < main.ended_at):
        return process
    return main


def _cannot_be_known(outcome: Outcome, event: TaskExited, process: KernelProcess) -> bool:
    """The unit was forgotten before, or never had the process, or a start failed and killed it.

    Or it is of a Create that failed, and before a disk took the word back the shim died (F116):
    what ended the process is not its exit.
    """
    unit = outcome.unit_of(process)
    if unit is None or _is_of_a_broken_create(outcome, process, event.process):
        return True
    forgotten_s = outcome.machine.systemd.forgotten.get(unit.invocation, inf)
    if forgotten_s <= seconds(event.exit.at) + ROUNDING_S:
        return unit.invocation not in outcome.machine.systemd.released
    unread = unit.code is MainCode.NONE or unit.exited_at_us * NS_PER_US > event.exit.at
    if unread and unit.activity in {Activity.FAILED, Activity.INACTIVE}:
        return True
    # Afterwards a shim that knew no better may have told of a start (S2, F116).
    return not any(
        is_start_of(before, event.process)
        for chapter in outcome.chapters(event.process.owner)
        if event in chapter
        for before in takewhile(lambda each: each != event, chapter)
    )


def _is_of_a_broken_create(outcome: Outcome, process: KernelProcess, key: ProcessKey) -> bool:
    refused = outcome.disk_refused(key.owner)
    if not outcome.deaths or refused < RECORDS_OF_A_BROKEN_CREATE:
        return False
    rounds = (round_at(life, process.born_at) for life in outcome.lives if life.owner == key.owner)
    return not any(each and each.created and not each.unanswered for each in rounds)


def s6_no_false_zero(outcome: Outcome) -> Iterator[str]:
    """0 is told only of a process that ended with 0."""
    told = [(event.process, event.exit) for event in _exits(outcome)]
    told += [(call.key, found) for call, found in outcome.exits_answered()]
    for key, found in told:
        if found.status == 0 and not any(
            (each.code, each.status) == EXITED_ZERO for each in outcome.processes(key)
        ):
            yield f"{key} is told as 0, and no such process ended so"


def s7_one_answer(outcome: Outcome) -> Iterator[str]:
    """Wait, State, Delete and the event agree, for ever."""
    told = [(event.process, event.exit) for event in _exits(outcome)]
    told += [(call.key, found) for call, found in outcome.exits_answered()]
    for life in outcome.lives:
        answers: dict[tuple[ProcessKey, float], set[Exit]] = {}
        for key, found in told:
            if key.owner == life.owner:
                container = round_at(life, seconds(found.at) + ROUNDING_S)
                begun_s = 0.0 if container is None else container.begun_s
                answers.setdefault((key, begun_s), set()).add(found)
        for (key, _), exits in answers.items():
            if len(exits) > 1 and not _was_lost(outcome, life, exits):
                yield f"{key}: {sorted((each.status, each.at) for each in exits)}"


def _was_lost(outcome: Outcome, life: Life, exits: set[Exit]) -> bool:
    """The end of a failed start is in memory and in the record alone, and no disk took it (F116).

    The next shim can but tell what systemd shows.
    """
    known = {each.status for each in exits}
    return UNKNOWN in known and outcome.disk_refused(life.owner) > 0


def s8_time_sanity(outcome: Outcome) -> Iterator[str]:
    """An exit lies between the process's end and the news of it."""
    for at_s, event in outcome.heard():
        if not isinstance(event, TaskExited):
            continue
        when = seconds(event.exit.at)
        process = outcome.process(event.process, event.pid, at_s)
        if when > at_s + ROUNDING_S:
            yield f"{event.process} exits in the future"
        if process is None or event.exit.status == UNKNOWN:
            continue
        witness = _witness(outcome, process)
        if not witness.lives and when < witness.ended_at - ROUNDING_S:
            yield f"{event.process} is told to have exited before it did"


def s33_namespace_isolation(outcome: Outcome) -> Iterator[str]:
    """A pid that is told of a process is of this very process, and of no namesake's."""
    for at_s, event in outcome.heard():
        if isinstance(event, TaskCreated | TaskStarted | ExecStarted | TaskExited):
            key = process_of(event)
            if event.pid != NO_PID and outcome.process(key, event.pid, at_s) is None:
                yield f"{key} is told with pid {event.pid}, which it never had"


def s33_an_exit_names_its_pid(outcome: Outcome) -> Iterator[str]:
    """That of one that was told to have started; unless its end was lost as in S2 (F116)."""
    for life, chapter in outcome.all_chapters():
        if outcome.disk_refused(life.owner):
            continue
        started = [process_of(each) for each in chapter if isinstance(each, STARTS)]
        for event in chapter:
            if isinstance(event, TaskExited) and event.pid == NO_PID and event.process in started:
                yield f"{event.process} was told to have started, and exits with pid 0"


def s22_runtime_errors_are_no_exits(outcome: Outcome) -> Iterator[str]:
    """But for a restore that failed: its container was told of, and has to end (R081)."""
    for event in _exits(outcome):
        restored = event.process.exec_id is None and event.exit.status == UNKNOWN
        if not outcome.processes(event.process) and not restored:
            yield f"{event.process} is told to have exited, and never was"


def _exits(outcome: Outcome) -> list[TaskExited]:
    return [event for event in outcome.machine.sink.got if isinstance(event, TaskExited)]
