"""What must hold of every simulated life, whatever went wrong: one function each.

Checked against the kernel and containerd's memory, never against the shim's own view. Ids
are of docs/faults.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskStarted,
)
from domain.exit_status import Exit
from domain.identity import ContainerKey, ProcessKey
from sim.incarnation import Machine
from sim.life import Life


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run: the machine, its clients, and whether all came to rest."""

    machine: Machine
    lives: tuple[Life, ...]
    waiting: tuple[str, ...]
    held: int  # FIFOs and terminals that the last incarnation still holds

    def events(self, owner: ContainerKey) -> list[TaskEvent]:
        return [event for event in self.machine.sink.got if owner_of(event) == owner]


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


def owner_of(event: TaskEvent) -> ContainerKey:
    match event:
        case (
            ExecAdded(process=process) | ExecStarted(process=process) | TaskExited(process=process)
        ):
            return process.owner
        case _:
            return event.owner


def s1_exit_once(outcome: Outcome) -> Iterator[str]:
    """Distinct exits of one process: at most one (equal repeats follow a lost answer)."""
    exits: dict[ProcessKey, set[Exit]] = {}
    for event in outcome.machine.sink.got:
        if isinstance(event, TaskExited):
            exits.setdefault(event.process, set()).add(event.exit)
    for process, told in exits.items():
        if len(told) > 1:
            yield f"{process} exited {len(told)} times"


def s2_start_before_exit(outcome: Outcome) -> Iterator[str]:
    started: dict[ProcessKey, None] = {}
    exited: dict[ProcessKey, None] = {}
    for event in outcome.machine.sink.got:
        match event:
            case TaskStarted(owner=owner):
                started[ProcessKey(owner)] = None
                if ProcessKey(owner) in exited:
                    yield f"{owner} started after its exit"
            case ExecStarted(process=process):
                if process in exited and process not in started:
                    yield f"{process} started after its exit"
                started[process] = None
            case TaskExited(process=process):
                exited[process] = None
            case _:
                pass


def s4_create_first_delete_last(outcome: Outcome) -> Iterator[str]:
    for life in outcome.lives:
        events = outcome.events(life.key)
        if events and not isinstance(events[0], TaskCreated):
            yield f"{life.key}: {events[0]} came first"
        deletes = [at for at, event in enumerate(events) if isinstance(event, TaskDeleted)]
        if deletes and not all(isinstance(event, TaskDeleted) for event in events[deletes[0] :]):
            yield f"{life.key}: something follows its delete"
        if life.deleted and life.created and not deletes:
            yield f"{life.key}: no delete"


def s6_no_false_zero(outcome: Outcome) -> Iterator[str]:
    """0 is told only of a process that ended with 0."""
    zeros = {
        process.pid
        for process in outcome.machine.world.kernel.processes.values()
        if not process.lives and process.code.name == "EXITED" and process.status == 0
    }
    for event in outcome.machine.sink.got:
        if isinstance(event, TaskExited) and event.exit.status == 0 and event.pid not in zeros:
            known = outcome.machine.world.kernel.processes.get(event.pid)
            if known is not None and not known.lives:
                yield f"{event.process} is told as 0, its process {known.pid} ended otherwise"


def s7_one_answer(outcome: Outcome) -> Iterator[str]:
    """Wait, State, Delete and the event agree, for ever."""
    told: dict[ProcessKey, set[Exit]] = {}
    for event in outcome.machine.sink.got:
        if isinstance(event, TaskExited):
            told.setdefault(event.process, set()).add(event.exit)
    for life in outcome.lives:
        for process, asked in life.asked.items():
            answers = set(asked.exits) | told.get(process, set())
            if len(answers) > 1:
                yield f"{process}: {sorted((each.status, each.at) for each in answers)}"


def l1_every_exit_is_told(outcome: Outcome) -> Iterator[str]:
    """A started process that is over was told of."""
    told = {event.process for event in outcome.machine.sink.got if isinstance(event, TaskExited)}
    for event in outcome.machine.sink.got:
        match event:
            case TaskStarted(owner=owner):
                process = ProcessKey(owner)
            case ExecStarted(process=process):
                pass
            case _:
                continue
        if process not in told:
            yield f"{process} started, and its exit was never told"


def l2_nobody_waits_for_ever(outcome: Outcome) -> Iterator[str]:
    for name in outcome.waiting:
        yield f"{name!r} never ended"


def l6_nothing_is_left(outcome: Outcome) -> Iterator[str]:
    """When every container is deleted: no unit, process, mount, record, runc state, FIFO."""
    machine = outcome.machine
    if any(life.created and not life.deleted for life in outcome.lives):
        yield "a container could not be deleted"
        return
    leftovers = {
        "units": sorted(machine.systemd.units),
        "runc's containers": sorted(str(key) for key in machine.oci.containers),
        "records": sorted(str(owner) for owner, _ in machine.disk.records),
        "mounts": sorted(machine.disk.mounted),
        "processes": [each.pid for each in machine.world.kernel.processes.values() if each.lives],
        "streams": outcome.held,
    }
    for what, left in leftovers.items():
        if left:
            yield f"{what} left: {left}"


def bugs(outcome: Outcome) -> Iterator[str]:
    """No rule raises."""
    for name, bug in outcome.machine.world.scheduler.bugs:
        yield f"{name}: {bug!r}"


INVARIANTS: Final[tuple[tuple[str, Callable[[Outcome], Iterator[str]]], ...]] = (
    ("S1", s1_exit_once),
    ("S2", s2_start_before_exit),
    ("S4", s4_create_first_delete_last),
    ("S6", s6_no_false_zero),
    ("S7", s7_one_answer),
    ("L1", l1_every_exit_is_told),
    ("L2", l2_nobody_waits_for_ever),
    ("L6", l6_nothing_is_left),
    ("bug", bugs),
)


def check(outcome: Outcome) -> list[Violation]:
    return [Violation(name, what) for name, holds in INVARIANTS for what in holds(outcome)]
