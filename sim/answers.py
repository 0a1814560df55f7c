"""What must hold of what clients are told: it is of its kind, and true."""

from collections.abc import Iterator, Mapping
from typing import Final, get_args

from returns.result import Failure, Success

from domain.exit_status import Exit
from domain.identity import NO_PID
from domain.lifecycle import Phase
from domain.refusal import Evidence, Refusal, RuncFailed
from domain.use_cases.delete import NO_EXIT, Departed
from domain.use_cases.query import ListedProcess, ProcessView
from sim.client import Call
from sim.life import Life
from sim.outcome import Outcome, ended_by, lived_during, round_of

OVER: Final = frozenset({Phase.EXITED, Phase.DELETED})
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
    for life, call, view in outcome.successes("state"):
        if outcome.disk_refused(life.owner) or not isinstance(view, ProcessView):
            continue  # it may be the former container, which no disk took away (F116)
        asked = (call.key, life.bundle, round_of(life, call).stdio(call.key))
        if (view.key, view.bundle, view.stdio) != asked:
            yield f"{call.key} is shown as {view}"


def s37_a_view_has_an_exit_once_it_is_over(outcome: Outcome) -> Iterator[str]:
    """And not before: whoever is told of a running process is told of no end."""
    for _, call, view in outcome.successes("state"):
        if isinstance(view, ProcessView) and (view.exit is None) == (view.phase in OVER):
            yield f"{call.key} is shown as {view}"


def s37_pids_are_of_the_container(outcome: Outcome) -> Iterator[str]:
    """Whoever lives in it all the while is listed, and nobody who never was there."""
    for life, call, listed in outcome.successes("pids"):
        if any(_wrongly_listed(outcome, life, call, listed or ())):
            yield f"the processes of {life.owner} were listed as {listed}"


def _wrongly_listed(
    outcome: Outcome, life: Life, call: Call, listed: tuple[ListedProcess, ...]
) -> Iterator[ListedProcess]:
    """Who is in the list and was not there, and who was there and is not in it."""
    possible, certain = [], []
    for key in (life.init, *round_of(life, call).execs):
        for process in outcome.processes(key):
            if process.born_at <= call.ended_s and not ended_by(process, call.begun_s):
                # Whose exec it is may not be known before its start is answered.
                possible += [ListedProcess(process.pid, each) for each in (key.exec_id, None)]
            if lived_during(process, call):
                certain.append(process.pid)
    yield from (each for each in listed if each not in possible)
    if not outcome.has_ended(life.init, call.ended_s) and not _is_restored_just_now(
        outcome, life, call
    ):
        known = {each.pid for each in listed}
        yield from (ListedProcess(pid, None) for pid in certain if pid not in known)


def _is_restored_just_now(outcome: Outcome, life: Life, call: Call) -> bool:
    """It runs, and nobody was told so yet (seed 45744)."""
    container = round_of(life, call)
    return bool(container.checkpoint) and not any(
        start.succeeded and container.begun_s <= start.begun_s <= start.ended_s < call.begun_s
        for start in outcome.calls(life, "start")
    )


def s37_connect_answers_the_init(outcome: Outcome) -> Iterator[str]:
    """Its pid; 0 only of a container that is not there, or waits to be restored (T147)."""
    for life, call, pid in outcome.successes("connect"):
        if pid == NO_PID:
            if _certainly_there(outcome, life, call):
                yield f"{life.owner} is connected to no pid"
        elif not any(each.pid == pid for each in outcome.processes(life.init)):
            yield f"{life.owner} is connected to pid {pid}, which it never had"


def _certainly_there(outcome: Outcome, life: Life, call: Call) -> bool:
    """A living init that its client knew of before, and still knew afterwards."""
    container = round_of(life, call)
    created = any(
        create.succeeded and container.begun_s <= create.ended_s < call.begun_s
        for create in outcome.calls(life, "create")
    )
    return (
        created
        and not container.checkpoint
        and not outcome.has_ended(life.init, call.ended_s)
        and call.ended_s <= container.ended_s
    )


def s37_a_delete_tells_the_exit(outcome: Outcome) -> Iterator[str]:
    """That there was none only of what never ran, and had no process (T180)."""
    for life, call, departed in outcome.successes("delete"):
        if not isinstance(departed, Departed) or departed.exit != NO_EXIT:
            continue
        if outcome.may_be_behind(life.owner):
            continue  # no disk took the start (F116), and systemd forgot its end (F46)
        begun_s = round_of(life, call).begun_s
        for process in outcome.processes(call.key):
            if begun_s <= process.born_at < call.begun_s:
                yield f"{call.key} was deleted as if pid {process.pid} had never been"


def s37_debug_shows_the_evidence(outcome: Outcome) -> Iterator[str]:
    """Of what runc would not begin: the unit first, and the files that can be read (R080)."""
    for life in outcome.lives:
        for call in outcome.calls(life, "create", "start"):
            match call.answer:
                case Failure(RuncFailed(evidence=shown)):
                    asked = round_of(life, call).request
                    wanted = asked is not None and asked.debug
                    if wanted != bool(shown) or (shown and _is_poor(shown)):
                        yield f"{call.what} {call.key} was refused with the evidence {shown}"
                case _:
                    pass


def _is_poor(shown: tuple[Evidence, ...]) -> bool:
    headings = [each.heading for each in shown]
    return headings[:1] != ["unit"] or "process.json" not in headings
