"""What must hold of what was answered as done: it was, and containerd hears of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskEvent,
    TaskPaused,
    TaskResumed,
    TaskStarted,
)
from domain.identity import ProcessKey
from sim.client import Call
from sim.honesty import AT_ONCE_S
from sim.life import Life
from sim.outcome import Outcome, ended_by, lived_during, round_of
from sim.requests import SCREEN

# The event that follows a success.
News = Callable[[Call], TaskEvent]

OF_INITS: Final[Mapping[str, News]] = {
    "start": lambda call: TaskStarted(call.key.owner, call.value),
}
OF_EXECS: Final[Mapping[str, News]] = {
    "exec": lambda call: ExecAdded(call.key),
    "start": lambda call: ExecStarted(call.key, call.value),
}
OF_CONTAINERS: Final[Mapping[str, News]] = {
    "pause": lambda call: TaskPaused(call.key.owner),
    "resume": lambda call: TaskResumed(call.key.owner),
}


def s38_a_signal_is_sent(outcome: Outcome) -> Iterator[str]:
    """A Kill that succeeded reached the process, if it lived that long (T149)."""
    for _, call, _ in outcome.successes("kill"):
        if not call.signal:
            continue
        for process in outcome.processes(call.key):
            sent = any(
                number == call.signal and call.begun_s <= at_s <= call.ended_s
                for number, at_s in process.signalled
            )
            if lived_during(process, call) and not sent:
                yield f"{call.key} (pid {process.pid}) was not sent {call.signal}"


def s38_who_has_a_terminal_got_it(outcome: Outcome) -> Iterator[str]:
    """What was created or started with one was connected to it."""
    for _, call, _ in outcome.successes("create", "start"):
        if any(
            key == call.key and call.begun_s < at_s <= call.ended_s
            for key, at_s in outcome.machine.pipes.lost
        ):
            yield f"the {call.what} of {call.key} succeeded without its terminal"


def s38_stdin_is_closed(outcome: Outcome) -> Iterator[str]:
    """By a CloseIO that succeeded; of an exec that had not begun as soon as it has (T228)."""
    if outcome.deaths:
        return
    for life, call, _ in outcome.successes("close stdin"):
        stdio = round_of(life, call).stdio(call.key)
        started = _starts_s(outcome, life, call)
        if not stdio or not stdio.stdin or not started:
            continue
        is_due_s = max(call.ended_s, *started)
        closed = any(
            key == call.key and call.begun_s <= at_s <= is_due_s + AT_ONCE_S
            for key, at_s in outcome.machine.pipes.stdin_closed
        )
        if not closed and not outcome.has_ended(call.key, is_due_s):
            yield f"stdin of {call.key} was not closed"


def _starts_s(outcome: Outcome, life: Life, call: Call) -> list[float]:
    """When Starts of that very process were answered as done."""
    return [
        start.ended_s
        for start in outcome.calls(life, "start")
        if start.key == call.key
        and start.succeeded
        and round_of(life, start) is round_of(life, call)
    ]


def s38_a_delete_lets_output_drain(outcome: Outcome) -> Iterator[str]:
    """Its client stops reading when it has the answer (T176)."""
    if outcome.deaths:
        return
    drained = outcome.machine.pipes.drained
    for life, call, _ in outcome.successes("delete"):
        begun_s = round_of(life, call).begun_s
        ended = [
            each.ended_at
            for each in outcome.processes(call.key)
            if each.program is not None and begun_s <= each.born_at and ended_by(each, call.ended_s)
        ]
        waited = [at_s for key, at_s in drained if key == call.key and at_s <= call.ended_s]
        unread = ended and (not waited or waited[-1] < ended[-1])
        # After a failed Start nobody listens any more.
        if unread and _starts_s(outcome, life, call):
            yield f"{call.key} was deleted before its output was read"


def s38_a_terminal_has_its_size(outcome: Outcome) -> Iterator[str]:
    """The one that a Resize asked for; what was asked before the start dies with the shim."""
    resized = outcome.machine.pipes.resized
    for key, size in resized:
        if size != SCREEN:
            yield f"the terminal of {key} got the size {size}"
    if outcome.deaths:
        return
    for life, call, _ in outcome.successes("resize"):
        container = round_of(life, call)
        stdio = container.stdio(call.key)
        lives = any(
            container.begun_s <= each.born_at <= container.ended_s
            and not ended_by(each, call.ended_s)
            and not each.dying  # given up by a failed start, it has no terminal (F102)
            for each in outcome.processes(call.key)
        )
        if stdio and stdio.terminal and lives and call.key not in dict(resized):
            yield f"the terminal of {call.key} was not resized"


def l9_what_was_done_is_told(outcome: Outcome) -> Iterator[str]:
    """Every success is news, but for what a death took along or no disk took (F116)."""
    for life, call, _ in outcome.successes():
        if outcome.may_be_behind(life.owner):
            continue
        news = news_of(life, call)
        told = any(news in chapter for chapter in outcome.chapters(life.owner))
        if news is not None and not told and not is_lost(outcome, call, news):
            yield f"{call.what} {call.key} succeeded, and {news} was never told"


def news_of(life: Life, call: Call) -> TaskEvent | None:
    """What containerd is to hear of a success."""
    if call.what == "create":
        return _created(life, call)
    news = OF_EXECS if call.key.exec_id is not None else OF_INITS
    made = news.get(call.what) or OF_CONTAINERS.get(call.what)
    return None if made is None else made(call)


def _created(life: Life, call: Call) -> TaskCreated | None:
    asked = round_of(life, call).request
    if asked is None:
        return None
    return TaskCreated(
        asked.owner, asked.bundle, asked.rootfs, asked.stdio, asked.checkpoint, call.value
    )


def is_lost(outcome: Outcome, call: Call, news: TaskEvent) -> bool:
    """With the shim: a pause is in no record, nor is an exec that owes no exit any more.

    Nor is it news that one was paused or resumed who has ended.
    """
    match news:
        case ExecAdded():
            return outcome.deaths > 0
        case TaskPaused() | TaskResumed():
            ended = outcome.has_ended(ProcessKey(call.key.owner), call.ended_s)
            return outcome.deaths > 0 or ended
        case _:
            return False
