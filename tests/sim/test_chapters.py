"""Which news belongs to which container of an id."""

from typing import Final

from domain.event import TaskCreated, TaskDeleted, TaskEvent, TaskExited
from domain.exit_status import NEVER, Exit, ExitStatus, Timestamp
from domain.identity import NO_PID, Pid, ProcessKey
from domain.request import Stdio
from sim.chapters import Chapters
from tests.domain.client import BUNDLE, WEB


def life(pid: int, ended_at: int) -> list[TaskEvent]:
    how = Exit(ExitStatus(0), Timestamp(ended_at))
    return [
        TaskCreated(WEB, BUNDLE, (), Stdio(), "", Pid(pid)),
        TaskExited(ProcessKey(WEB), Pid(pid), how),
        TaskDeleted(WEB, Pid(pid), how),
    ]


def heard(*events: TaskEvent) -> list[list[TaskEvent]]:
    chapters = Chapters()
    for event in events:
        chapters.hear(event)
    return chapters.told


FIRST: Final = life(101, 5)
SECOND: Final = life(102, 9)


def test_a_container_begins_after_the_delete_of_the_former_one() -> None:
    assert heard(*FIRST, *SECOND) == [FIRST, SECOND]


def test_a_new_container_may_have_the_pid_of_a_former_one() -> None:
    same_pid = life(101, 7)
    assert heard(*FIRST, *SECOND, *same_pid) == [FIRST, SECOND, same_pid]


def test_f116_a_farewell_that_is_said_again_is_of_the_former_one() -> None:
    assert heard(*FIRST, *SECOND[:1], FIRST[-1], *SECOND[1:]) == [FIRST, SECOND]
    assert heard(*FIRST, *SECOND, FIRST[-1]) == [FIRST, SECOND]


def test_f116_a_former_life_that_is_told_again_is_of_the_former_one() -> None:
    assert heard(*FIRST, *SECOND[:1], *FIRST, *SECOND) == [FIRST, [SECOND[0], *SECOND]]


def test_of_those_that_were_never_restored_each_has_its_own_delete() -> None:
    created, _, deleted = life(0, NEVER)
    other = TaskCreated(WEB, "/run/bundles/other", (), Stdio(), "", NO_PID)
    assert heard(created, deleted, other, deleted) == [[created, deleted], [other, deleted]]


def test_what_is_told_twice_of_the_living_one_stays_in_its_chapter() -> None:
    again = [FIRST[0], *FIRST]
    assert heard(*again) == [again]
    assert heard(*FIRST, FIRST[-1]) == [[*FIRST, FIRST[-1]]]
