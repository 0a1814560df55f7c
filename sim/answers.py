"""What must hold of what clients are told: of its kind, true, and followed by its effect."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, get_args

from returns.result import Failure, Success

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskEvent,
    TaskPaused,
    TaskResumed,
    TaskStarted,
)
from domain.exit_status import Exit
from domain.identity import NO_PID, ProcessKey
from domain.refusal import Refusal
from domain.request import CreateRequest, Stdio
from domain.use_cases.delete import NO_EXIT, Departed
from domain.use_cases.query import ListedProcess, ProcessView
from sim.client import Call
from sim.honesty import AT_ONCE_S
from sim.life import Life, Round
from sim.outcome import Outcome, round_at
from sim.requests import SCREEN
from sim.world.kernel import KernelProcess

# The event that follows a success.
News = Callable[[Call], TaskEvent]

# What a call answers when it succeeds.
KINDS: Final[Mapping[str, type]] = {
    "create": int,
    "start": int,
    "exec": type(None),
    "kill": type(None),
    "pause": type(None),
    "resume": type(None),
    "resize": type(None),
    "close stdin": type(None),
    "state": ProcessView,
    "wait": Exit,
    "delete": Departed,
    "clean up": Departed,
    "pids": tuple,
    "connect": int,
}


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


def s37_an_answer_is_of_its_kind(outcome: Outcome) -> Iterator[str]:
    """Whatever is asked is answered, with what such a call answers."""
    for call in outcome.host.calls:
        match call.answer:
            case Success(value) if not isinstance(value, KINDS[call.what]):
                yield f"{call.what} {call.key} answered {value!r}"
            case Failure(why) if not isinstance(why, get_args(Refusal)):
                yield f"{call.what} {call.key} was refused with {why!r}"
            case Success() | Failure():
                pass
            case _ if call.was_answered:
                yield f"{call.what} {call.key} answered nothing"


def s37_a_view_shows_what_was_asked_for(outcome: Outcome) -> Iterator[str]:
    """The process that is meant, its bundle and its streams."""
    for life in outcome.lives:
        if outcome.disk_refused(life.owner):
            continue  # it may be the former container, which no disk took away (F116)
        for call in outcome.calls(life, "state"):
            match call.answer:
                case Success(ProcessView() as view):
                    stdio = _stdio(_round(life, call), call.key)
                    if (view.key, view.bundle) != (call.key, life.bundle) or view.stdio != stdio:
                        yield f"{call.key} is shown as {view}"
                case _:
                    pass


def s37_pids_are_of_the_container(outcome: Outcome) -> Iterator[str]:
    """Whoever lives in it all the while is listed, and nobody who never was there."""
    if outcome.fired:
        return
    for life in outcome.lives:
        for call in outcome.calls(life, "pids"):
            match call.answer:
                case Success(tuple() as listed):
                    if list(_wrongly_listed(outcome, life, call, listed)):
                        yield f"the processes of {life.owner} were listed as {listed}"
                case _:
                    pass


def _wrongly_listed(
    outcome: Outcome, life: Life, call: Call, listed: tuple[ListedProcess, ...]
) -> Iterator[ListedProcess]:
    possible, certain = [], []
    for key in (life.init, *_round(life, call).execs):
        for process in outcome.processes(key):
            if process.born_at <= call.ended_s and not _ended_by(process, call.begun_s):
                possible.append(ListedProcess(process.pid, key.exec_id))
                possible.append(ListedProcess(process.pid, None))  # before its start is answered
            if _lived_during(process, call):
                certain.append(process.pid)
    yield from (each for each in listed if each not in possible)
    if not _init_ended(outcome, life, call):
        yield from (
            ListedProcess(pid, None) for pid in certain if pid not in {each.pid for each in listed}
        )


def s37_connect_answers_the_init(outcome: Outcome) -> Iterator[str]:
    """Its pid; 0 only of a container that is not there, or waits to be restored (T147)."""
    for life in outcome.lives:
        for call in outcome.calls(life, "connect"):
            match call.answer:
                case Success(int() as pid) if pid != NO_PID:
                    if not any(each.pid == pid for each in outcome.processes(life.init)):
                        yield f"{life.owner} is connected to pid {pid}, which it never had"
                case Success(int()) if not outcome.fired and _certainly_there(outcome, life, call):
                    yield f"{life.owner} is connected to no pid"
                case _:
                    pass


def s37_a_delete_tells_the_exit(outcome: Outcome) -> Iterator[str]:
    """That there was none only of what never ran, and had no process (T180)."""
    for life in outcome.lives:
        for call in outcome.calls(life, "delete"):
            match call.answer:
                case Success(Departed(exit=told)) if told == NO_EXIT:
                    begun_s = _round(life, call).begun_s
                    for process in outcome.processes(call.key):
                        if begun_s <= process.born_at < call.begun_s:
                            yield f"{call.key} was deleted as if pid {process.pid} had never been"
                case _:
                    pass


def s38_a_signal_is_sent(outcome: Outcome) -> Iterator[str]:
    """A Kill that succeeded reached the process, if it lived that long (T149)."""
    for life in outcome.lives:
        for call in outcome.calls(life, "kill"):
            if not (call.succeeded and call.signal):
                continue
            for process in outcome.processes(call.key):
                sent = [at_s for number, at_s in process.signalled if number == call.signal]
                if _lived_during(process, call) and not any(
                    call.begun_s <= at_s <= call.ended_s for at_s in sent
                ):
                    yield f"{call.key} (pid {process.pid}) was not sent {call.signal}"


def s38_who_has_a_terminal_got_it(outcome: Outcome) -> Iterator[str]:
    """What was created or started with one was connected to it."""
    lost = outcome.machine.pipes.lost
    for life in outcome.lives:
        for call in outcome.calls(life, "create", "start"):
            if call.succeeded and any(
                key == call.key and call.begun_s < at_s <= call.ended_s for key, at_s in lost
            ):
                yield f"the {call.what} of {call.key} succeeded without its terminal"


def s38_stdin_is_closed(outcome: Outcome) -> Iterator[str]:
    """By a CloseIO that succeeded; of an exec that had not begun as soon as it has (T228)."""
    closed = outcome.machine.pipes.stdin_closed
    if outcome.deaths:
        return
    for life in outcome.lives:
        for call in outcome.calls(life, "close stdin"):
            stdio = _stdio(_round(life, call), call.key)
            if not call.succeeded or stdio is None or not stdio.stdin:
                continue
            started = [
                start.ended_s
                for start in outcome.calls(life, "start")
                if start.key == call.key
                and start.succeeded
                and _round(life, start) is _round(life, call)
            ]
            if not started or _has_ended(outcome, call.key, call.ended_s):
                continue
            until_s = max(call.ended_s, *started) + AT_ONCE_S
            if not any(key == call.key and call.begun_s <= at_s <= until_s for key, at_s in closed):
                yield f"stdin of {call.key} was not closed"


def s38_a_terminal_has_its_size(outcome: Outcome) -> Iterator[str]:
    """The one that a Resize asked for; what was asked before the start dies with the shim."""
    for key, size in outcome.machine.pipes.resized:
        if size != SCREEN:
            yield f"the terminal of {key} got the size {size}"
    if outcome.deaths:
        return
    asked = {key for key, _ in outcome.machine.pipes.resized}
    for life in outcome.lives:
        for call in outcome.calls(life, "resize"):
            stdio = _stdio(_round(life, call), call.key)
            terminal = stdio is not None and stdio.terminal
            container = _round(life, call)
            lives = any(
                container.begun_s <= each.born_at <= container.ended_s
                and not _ended_by(each, call.ended_s)
                for each in outcome.processes(call.key)
            )
            if call.succeeded and terminal and lives and call.key not in asked:
                yield f"the terminal of {call.key} was not resized"


def l9_what_was_done_is_told(outcome: Outcome) -> Iterator[str]:
    """Every success is news, but for what a death took along or no disk took (F116)."""
    for life in outcome.lives:
        if outcome.deaths and outcome.disk_refused(life.owner):
            continue
        told = [event for chapter in outcome.chapters(life.owner) for event in chapter]
        for call in outcome.calls(life):
            news = _news(life, call) if call.succeeded else None
            if news is not None and news not in told and not _is_lost(outcome, call, news):
                yield f"{call.what} {call.key} succeeded, and {news} was never told"


def _is_lost(outcome: Outcome, call: Call, news: TaskEvent) -> bool:
    """With the shim: a pause is in no record, nor is an exec that owes no exit any more.

    Nor is it news that one was paused or resumed who has ended.
    """
    match news:
        case ExecAdded():
            return outcome.deaths > 0
        case TaskPaused() | TaskResumed():
            ended = _has_ended(outcome, ProcessKey(call.key.owner), call.ended_s)
            return outcome.deaths > 0 or ended
        case _:
            return False


def _news(life: Life, call: Call) -> TaskEvent | None:
    """What containerd is to hear of a success."""
    if call.what == "create":
        return _created(_round(life, call).request, call)
    news = OF_EXECS if call.key.exec_id is not None else OF_INITS
    made = news.get(call.what) or OF_CONTAINERS.get(call.what)
    return None if made is None else made(call)


def _created(request: CreateRequest | None, call: Call) -> TaskCreated | None:
    if request is None:
        return None
    return TaskCreated(
        request.owner,
        request.bundle,
        request.rootfs,
        request.stdio,
        request.checkpoint,
        call.value,
    )


def _stdio(container: Round, key: ProcessKey) -> Stdio | None:
    if key.exec_id is None:
        return None if container.request is None else container.request.stdio
    asked = container.execs.get(key)
    return None if asked is None else asked.stdio


def _ended_by(process: KernelProcess, at_s: float) -> bool:
    return not process.lives and process.ended_at <= at_s


def _lived_during(process: KernelProcess, call: Call) -> bool:
    return process.born_at < call.begun_s and not _ended_by(process, call.ended_s)


def _has_ended(outcome: Outcome, key: ProcessKey, by_s: float) -> bool:
    return any(_ended_by(each, by_s) for each in outcome.processes(key))


def _init_ended(outcome: Outcome, life: Life, call: Call) -> bool:
    return _has_ended(outcome, life.init, call.ended_s)


def _certainly_there(outcome: Outcome, life: Life, call: Call) -> bool:
    """A living init that its client knew of before, and still knew afterwards."""
    container = _round(life, call)
    created = any(
        create.succeeded and container.begun_s <= create.ended_s < call.begun_s
        for create in outcome.calls(life, "create")
    )
    return (
        created
        and not container.checkpoint
        and not _init_ended(outcome, life, call)
        and call.ended_s <= container.ended_s
    )


def _round(life: Life, call: Call) -> Round:
    return round_at(life, call.begun_s) or life.rounds[0]
