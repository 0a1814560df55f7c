"""The order in which events leave, as laws over any interleaving of what may happen."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskEvent,
    TaskExited,
    TaskStarted,
)
from domain.identity import ProcessKey
from domain.outbox import Outbox
from tests.domain.histories import (
    CREATED,
    DELETED,
    EXITED,
    INIT,
    PAUSED,
    STARTED,
    Claim,
    Fail,
    History,
    StopWaiting,
    exec_exited,
    exec_started,
    execs,
    happens,
    histories,
    outbox_with,
)


def before(events: list[TaskEvent], first: TaskEvent, second: TaskEvent) -> bool:
    return first in events and second in events and events.index(first) < events.index(second)


@given(histories())
def test_an_event_leaves_at_most_once_and_none_is_made_up(history: History) -> None:
    left = history.played()
    assert len(left) == len(set(left))
    assert set(left) <= set(history.events())


@given(histories())
def test_s4_create_is_the_first_and_delete_the_last(history: History) -> None:
    left = history.played()
    assert not left or left[0] == CREATED
    assert DELETED not in left or left[-1] == DELETED


@given(histories())
def test_s4_a_delete_leaves_nothing_behind_that_was_owed_before_it(history: History) -> None:
    left = history.played()
    assert DELETED not in left or set(left) == set(history.events())


@given(histories())
def test_s2_an_exit_follows_its_start(history: History) -> None:
    left = history.played()
    for process in (INIT, *map(execs, range(3))):
        is_init = process == INIT
        started: TaskEvent = STARTED if is_init else exec_started(process)
        exited: TaskEvent = EXITED if is_init else exec_exited(process)
        assert not before(left, exited, started)


@given(histories())
def test_s2_an_exit_waits_while_the_outcome_of_its_start_is_open(history: History) -> None:
    in_flight: set[ProcessKey] = set()
    for what, outbox in history.steps():
        match what:
            case Claim(process):
                in_flight.add(process)
            case Fail(process):
                in_flight.discard(process)
            case TaskStarted():
                in_flight.discard(INIT)
            case ExecStarted(process=process):
                in_flight.discard(process)
            case _:
                pass
        exits = {each.process for each in outbox.ready if isinstance(each, TaskExited)}
        assert not exits & in_flight


@given(histories())
def test_s3_execs_exit_before_an_init_with_a_pid_namespace_of_its_own(history: History) -> None:
    for _, outbox in history.steps():
        if StopWaiting() in history.happenings or not history.private:
            continue
        left = outbox.ready
        for number in range(3):
            started, exited = exec_started(execs(number)), exec_exited(execs(number))
            if before(left, started, EXITED):
                assert before(left, exited, EXITED)


@given(histories())
def test_a_shared_pid_namespace_makes_no_exit_wait_for_another_s(history: History) -> None:
    outbox = Outbox(INIT, execs_first=False)
    for what in history.happenings:
        happens(outbox, what)
        assert not outbox.waits_for_execs


@given(histories())
def test_f01_the_init_s_exit_says_that_it_waits_for_execs_exactly_when_only_they_hold_it(
    history: History,
) -> None:
    """Who asks starts a clock then, and must neither miss the moment nor come too early."""
    for at in range(len(history.happenings)):
        now = outbox_with(*history.happenings[: at + 1], private=history.private)
        told = outbox_with(*history.happenings[: at + 1], StopWaiting(), private=history.private)
        held_by_execs = EXITED not in now.ready and EXITED in told.ready
        assert now.waits_for_execs == held_by_execs


@given(histories())
def test_f01_nothing_is_held_when_starts_are_over_and_the_wait_for_execs_has_ended(
    history: History,
) -> None:
    outbox = Outbox(INIT, execs_first=history.private)
    for what in history.happenings:
        happens(outbox, what)
    for process in (INIT, *map(execs, range(3))):
        outbox.start_failed(process)
    outbox.stop_waiting_for_execs()
    assert set(outbox.ready) == set(history.events())


@given(histories())
def test_what_is_ready_is_never_reordered_by_what_comes_later(history: History) -> None:
    seen: list[TaskEvent] = []
    for _, outbox in history.steps():
        assert outbox.ready[: len(seen)] == seen
        seen = outbox.ready[:]


@given(histories(), st.data())
def test_a_daemon_that_comes_back_tells_the_rest_and_nothing_twice(
    history: History, data: st.DataObject
) -> None:
    """What left before the crash is noted, the rest put again: together they keep the laws."""
    told = history.played()
    known = data.draw(st.integers(0, len(told)))
    outbox = Outbox(INIT, execs_first=history.private)
    for each in history.happenings:
        match each:
            case Claim(process):
                outbox.start_claimed(process)
            case _:
                pass
    for event in history.events():
        if event in told[:known]:
            outbox.already_told(event)
        else:
            outbox.put(event)
    for process in (INIT, *map(execs, range(3))):
        outbox.start_failed(process)
    outbox.stop_waiting_for_execs()
    assert sorted(map(repr, told[:known] + outbox.ready)) == sorted(map(repr, history.events()))
    whole = told[:known] + outbox.ready
    assert whole[0] == CREATED
    assert DELETED not in whole or whole[-1] == DELETED
    assert not before(whole, EXITED, STARTED)


EXEC = execs(0)
RUNNING = (CREATED, Claim(INIT), STARTED)
WITH_EXEC = (*RUNNING, ExecAdded(EXEC), Claim(EXEC), exec_started(EXEC))


def test_d17_an_exit_seen_while_start_is_in_flight_leaves_right_after_the_start() -> None:
    outbox = outbox_with(CREATED, Claim(INIT), EXITED)
    assert outbox.ready == [CREATED]
    outbox.put(STARTED)
    assert outbox.ready == [CREATED, STARTED, EXITED]


def test_an_exit_whose_start_failed_leaves_without_a_start() -> None:
    outbox = outbox_with(CREATED, Claim(INIT), EXITED, Fail(INIT))
    assert outbox.ready == [CREATED, EXITED]


def test_the_init_s_exit_says_that_it_waits_for_execs_only_while_it_does() -> None:
    outbox = outbox_with(*WITH_EXEC)
    assert not outbox.waits_for_execs
    outbox.put(EXITED)
    assert outbox.waits_for_execs
    outbox.put(exec_exited(EXEC))
    assert not outbox.waits_for_execs
    assert outbox.ready[-2:] == [exec_exited(EXEC), EXITED]


def test_f01_the_init_s_exit_leaves_alone_when_the_wait_is_over() -> None:
    outbox = outbox_with(*WITH_EXEC, EXITED)
    outbox.stop_waiting_for_execs()
    assert outbox.ready[-1] == EXITED
    assert not outbox.waits_for_execs
    outbox.put(exec_exited(EXEC))
    assert outbox.ready[-1] == exec_exited(EXEC)


def test_the_init_s_exit_waits_for_an_exec_whose_start_is_still_in_flight() -> None:
    outbox = outbox_with(*RUNNING, ExecAdded(EXEC), Claim(EXEC), EXITED)
    assert outbox.waits_for_execs
    happens(outbox, Fail(EXEC))
    assert outbox.ready[-1] == EXITED


def test_a_delete_waits_for_every_event_before_it() -> None:
    outbox = outbox_with(*WITH_EXEC, EXITED, DELETED)
    assert DELETED not in outbox.ready
    outbox.put(exec_exited(EXEC))
    assert outbox.ready[-3:] == [exec_exited(EXEC), EXITED, DELETED]


def test_nothing_leaves_after_a_delete() -> None:
    late: tuple[Callable[[], TaskEvent], ...] = (
        lambda: exec_exited(EXEC),
        lambda: PAUSED,
        lambda: ExecAdded(EXEC),
    )
    outbox = outbox_with(*RUNNING, EXITED, DELETED)
    for event in late:
        outbox.put(event())
    assert outbox.ready[-1] == DELETED
