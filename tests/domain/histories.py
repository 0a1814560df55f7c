"""Everything that may happen to a container, in any order, as its outbox learns of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskPaused,
    TaskResumed,
    TaskStarted,
)
from domain.exit_status import Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, Pid, ProcessKey
from domain.outbox import Outbox
from domain.request import Stdio

OWNER = ContainerKey(Namespace("default"), ContainerId("web"))
INIT = ProcessKey(OWNER)
EXIT = Exit(ExitStatus(3), Timestamp(5))
CREATED = TaskCreated(OWNER, "/b", (), Stdio(), "", Pid(7))
STARTED = TaskStarted(OWNER, Pid(7))
EXITED = TaskExited(INIT, Pid(7), EXIT)
DELETED = TaskDeleted(OWNER, Pid(7), EXIT)
PAUSED = TaskPaused(OWNER)
RESUMED = TaskResumed(OWNER)


def execs(number: int) -> ProcessKey:
    return ProcessKey(OWNER, ExecId(f"e{number}"))


def exec_started(process: ProcessKey) -> ExecStarted:
    return ExecStarted(process, Pid(9))


def exec_exited(process: ProcessKey) -> TaskExited:
    return TaskExited(process, Pid(9), EXIT)


@dataclass(frozen=True)
class Claim:
    process: ProcessKey


@dataclass(frozen=True)
class Fail:
    process: ProcessKey


@dataclass(frozen=True)
class StopWaiting:
    """The time in which the init's exit waits for its execs has passed."""


Happening = TaskEvent | Claim | Fail | StopWaiting


def happens(outbox: Outbox, what: Happening) -> None:
    match what:
        case Claim(process):
            outbox.start_claimed(process)
        case Fail(process):
            outbox.start_failed(process)
        case StopWaiting():
            outbox.stop_waiting_for_execs()
        case event:
            outbox.put(event)


@dataclass(frozen=True)
class History:
    """What happens, in the order in which the rules learn of it."""

    private: bool
    happenings: tuple[Happening, ...]

    def events(self) -> list[TaskEvent]:
        return [
            each for each in self.happenings if not isinstance(each, Claim | Fail | StopWaiting)
        ]

    def played(self) -> list[TaskEvent]:
        outbox = Outbox(INIT, execs_first=self.private)
        for what in self.happenings:
            happens(outbox, what)
        return outbox.ready

    def steps(self) -> Iterator[tuple[Happening, Outbox]]:
        outbox = Outbox(INIT, execs_first=self.private)
        for what in self.happenings:
            happens(outbox, what)
            yield what, outbox


@st.composite
def starts_and_ends(draw: st.DrawFn, process: ProcessKey) -> list[Happening]:
    """A start in flight, and an exit that may be noticed at any moment after the claim.

    Not every start has come to its end when the history does, and not everybody exits.
    """
    is_init = process.exec_id is None
    told: TaskEvent = STARTED if is_init else exec_started(process)
    ended: TaskEvent = EXITED if is_init else exec_exited(process)
    steps: list[Happening] = [Claim(process), draw(st.sampled_from([told, Fail(process)]))]
    if draw(st.integers(0, 5)) == 0:
        steps.pop()
    if draw(st.booleans()):
        steps.insert(draw(st.integers(1, len(steps))), ended)
    return steps


@st.composite
def interleaved(draw: st.DrawFn, threads: list[list[Happening]]) -> list[Happening]:
    mixed: list[Happening] = []
    left = [thread[:] for thread in threads if thread]
    while left:
        thread = draw(st.sampled_from(left))
        mixed.append(thread.pop(0))
        left = [each for each in left if each]
    return mixed


@st.composite
def histories(draw: st.DrawFn) -> History:
    threads: list[list[Happening]] = [draw(starts_and_ends(INIT))]
    if draw(st.booleans()):
        threads.append([PAUSED, RESUMED])
    for number in range(draw(st.integers(0, 3))):
        process = execs(number)
        threads.append([ExecAdded(process), *draw(starts_and_ends(process))])
    happenings = draw(interleaved(threads))
    # The create's own news may be overtaken by those of a quick death.
    happenings.insert(draw(st.integers(0, min(3, len(happenings)))), CREATED)
    if draw(st.booleans()):
        happenings.insert(draw(st.integers(0, len(happenings))), StopWaiting())
    if draw(st.booleans()):
        happenings.append(DELETED)
    return History(draw(st.booleans()), tuple(happenings))


def outbox_with(*happenings: Happening, private: bool = True) -> Outbox:
    outbox = Outbox(INIT, execs_first=private)
    for what in happenings:
        happens(outbox, what)
    return outbox
