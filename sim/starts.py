"""What must hold of a Start that fails, and of the news of one that did not."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import inf
from typing import Final

from returns.result import Failure

from domain.event import TaskExited, TaskStarted
from domain.exit_status import UNKNOWN, MainCode
from domain.identity import ProcessKey
from domain.refusal import RuncFailed, UnknownContainer
from domain.unit_name import unit_name
from sim.client import Call
from sim.honesty import AT_ONCE_S, QUIET, SOON_S
from sim.life import Life
from sim.outcome import Outcome, begun_s_of, lived, was_sent_kill
from sim.world.kernel import SIGKILL, SIGTERM, Freezer, KernelProcess
from sim.world.unit import Unit

# What neither delays a start nor its end, and keeps no unit.
PROMPT: Final = frozenset({"F59", "F60", "F83", "F101", "F104"})
# The kernel kills, too (F81), and a wall clock that is set back puts ours before itself (F122).
WHO_KNOWS_WHOSE_KILL: Final = frozenset({"F81", "F122"})
# What keeps `runc state` from its answer.
RUNC_UNASKED: Final = frozenset({"F83", "F103", "F104"})


def s12_who_is_told_to_run_was_let_go(outcome: Outcome) -> Iterator[str]:
    """Unless runc could not be asked by the shim that came upon a half-done Start."""
    unasked = bool(outcome.fired.keys() & RUNC_UNASKED)
    for at_s, event in outcome.heard():
        if not isinstance(event, TaskStarted):
            continue
        if unasked and _start_was_cut_off(outcome, event):
            continue
        process = outcome.process(ProcessKey(event.owner), event.pid, at_s)
        if process is not None and process.program is None and _lives_at(process, at_s):
            yield f"{event.owner} is told to have started, and pid {event.pid} waits for that"


def _start_was_cut_off(outcome: Outcome, event: TaskStarted) -> bool:
    """By the death of the shim that served it."""
    return any(
        call.answer is None and call.key == ProcessKey(event.owner)
        for call in outcome.host.calls
        if call.what == "start"
    )


def _lives_at(process: KernelProcess, at_s: float) -> bool:
    return process.lives or process.ended_at > at_s


def s12_a_failed_start_runs_nothing(outcome: Outcome) -> Iterator[str]:
    """Of an exec that runc could not start there never was a program.

    But for one that a dying runc had let go, and the reaper ended in the same moment (F101).
    """
    for life in outcome.lives:
        for call in outcome.calls(life, "start"):
            match call.answer:
                case Failure(RuncFailed(command="exec")):
                    for process in outcome.processes(call.key):
                        at_once = process.ended_at == process.born_at
                        excused = at_once and process.code is MainCode.KILLED
                        if (
                            process.program is not None
                            and begun_s_of(life, process.born_at) == begun_s_of(life, call.begun_s)
                            and not excused
                        ):
                            yield f"{call.key} is said not to have run, and was pid {process.pid}"


def l6_a_failed_exec_leaves_no_unit(outcome: Outcome) -> Iterator[str]:
    """What runc could not start is gone before that is said, and not only with the exec (F61)."""
    for call in _answered(outcome, "start"):
        match call.answer:
            case Failure(RuncFailed(command="exec")):
                yield from _units_left(outcome, call)
            case _:
                pass


def l6_a_failed_create_leaves_no_unit(outcome: Outcome) -> Iterator[str]:
    """Nor does a Create, however it fails; whoever cleans up afterwards finds none (F61)."""
    for call in _answered(outcome, "create"):
        if isinstance(call.answer, Failure):
            yield from _units_left(outcome, call)


def l6_a_create_given_up_leaves_no_unit(outcome: Outcome) -> Iterator[str]:
    """It is taken back in the shim's own time, before its client is told that it is not there."""
    if not outcome.fired.keys() <= PROMPT:
        return
    for life in outcome.lives:
        if life.is_shared:
            continue  # its client does not wait then (sim/life.py)
        for call, following in pairwise(outcome.calls(life)):
            match following.answer:
                case Failure(UnknownContainer()) if call.what == "create" and call.gave_up:
                    if following.incarnation == call.incarnation:
                        yield from _units_left(outcome, replace(call, ended_s=following.begun_s))
                case _:
                    pass


def _answered(outcome: Outcome, what: str) -> Iterator[Call]:
    """Where nothing stood between the shim and systemd."""
    if not outcome.fired.keys() <= QUIET:
        return
    for life in outcome.lives:
        yield from (call for call in outcome.calls(life, what) if call.answer is not None)


def _units_left(outcome: Outcome, call: Call) -> Iterator[str]:
    forgotten = outcome.machine.systemd.forgotten
    for unit in _started_by(outcome, call):
        if forgotten.get(unit.invocation, inf) > call.ended_s:
            yield f"the {call.what} of {call.key} failed, and {unit.name} stayed"


def _started_by(outcome: Outcome, call: Call) -> Iterator[Unit]:
    name = unit_name(call.key)
    for unit in outcome.machine.systemd.history:
        if unit.name == name and call.begun_s <= unit.loaded_at < call.ended_s:
            yield unit


def s31_a_start_under_way_is_not_cut_off(outcome: Outcome) -> Iterator[str]:
    """What systemd was starting when a shim died comes to its end, if nobody wants another.

    Until it dies a shim may end a start of its own, and then hasn't answered yet.

    Where an answer of systemd's is lost after its effect a shim ends what it takes for refused.
    """
    if "F90" in outcome.fired:
        return
    for life in outcome.lives:
        for call in outcome.calls(life, "start"):
            if call.answer is not None or call.gave_up or call.key.exec_id is None:
                continue
            for unit in _started_by(outcome, call):
                if unit.main is not None and _was_cut_off(outcome, life, call, unit.main):
                    yield f"the start of {call.key} was under way, and was ended"


def _was_cut_off(outcome: Outcome, life: Life, start: Call, reaper: KernelProcess) -> bool:
    return (
        _was_killed(reaper)
        and reaper.relays_term_to is None  # else it had come to its end
        and not _was_anothers_wish(outcome, life, start, reaper.ended_at)
        and not outcome.has_ended(life.init, reaper.ended_at)
        and reaper.ended_at >= outcome.died_s(start.incarnation)  # else it was that shim's to end
        and not any(signal == SIGTERM for signal, _ in reaper.signalled)  # systemd had given it up
    )


def _was_killed(process: KernelProcess) -> bool:
    return not process.lives and (process.code, process.status) == (MainCode.KILLED, SIGKILL)


def _was_anothers_wish(outcome: Outcome, life: Life, start: Call, by_s: float) -> bool:
    """Somebody else had a hand in the process, or its container, between the Start and then."""
    return unit_name(start.key) in outcome.touched or any(
        each.key in {start.key, life.init}
        and start.begun_s <= each.ended_s
        and each.begun_s <= by_s
        for each in outcome.calls(life, "start", "kill", "delete", "clean up")
        if each is not start
    )


def s12_a_failed_exec_ends(outcome: Outcome) -> Iterator[str]:
    """Whatever an exec's failed Start has let run is ended, or will be when it thaws (F99)."""
    for life in outcome.lives:
        starts = outcome.calls(life, "start")
        for call in starts:
            if call.key.exec_id is None or not isinstance(call.answer, Failure):
                continue
            others = [each for each in starts if each.key == call.key and each is not call]
            if others:
                continue
            for process in outcome.processes(call.key):
                ends_s = call.ended_s + SOON_S
                if _dies_when_it_thaws(outcome, life, process, ends_s):
                    continue
                if process.born_at <= call.ended_s and lived(outcome, process, ends_s):
                    yield f"{call.key} could not be started, and pid {process.pid} lived on"


def _dies_when_it_thaws(outcome: Outcome, life: Life, process: KernelProcess, by_s: float) -> bool:
    """On cgroup v1 a KILL waits for that; and it was a client that paused it."""
    paused = any(
        pause.succeeded and pause.begun_s <= by_s for pause in outcome.calls(life, "pause")
    )
    is_killed = was_sent_kill(process, by_s)
    return paused and is_killed and outcome.machine.world.kernel.freezer is Freezer.V1


def s12_our_own_kill_is_told_as_255(outcome: Outcome) -> Iterator[str]:
    """The end of a failed start does not depend on whether systemd has shown it yet (R078).

    The next shim tells what systemd shows, if no disk took that the start had failed (F116).
    """
    for life in outcome.lives:
        if outcome.may_be_behind(life.owner):
            continue
        for call in outcome.calls(life, "start"):
            match call.answer:
                case Failure(RuncFailed(command="start")):
                    for process in outcome.processes(call.key):
                        if _is_our_kill(outcome, life, call, process):
                            yield from _told_otherwise(outcome, call.key, process)
                case _:
                    pass


def _is_our_kill(outcome: Outcome, life: Life, start: Call, process: KernelProcess) -> bool:
    return (
        _was_killed(process)
        and start.begun_s < process.ended_at <= start.ended_s
        and not outcome.fired.keys() & WHO_KNOWS_WHOSE_KILL
        and not _was_anothers_wish(outcome, life, start, process.ended_at)
    )


def _told_otherwise(outcome: Outcome, key: ProcessKey, process: KernelProcess) -> Iterator[str]:
    for _, event in outcome.heard():
        if (
            isinstance(event, TaskExited)
            and (event.process, event.pid) == (key, process.pid)
            and event.exit.status != UNKNOWN
        ):
            yield f"{key} could not be started, and is told as {event.exit.status}"


def s12_a_failed_start_ends(outcome: Outcome) -> Iterator[str]:
    """A container whose Start was refused by runc does not run (F101)."""
    for life in outcome.lives:
        for call in outcome.calls(life, "start"):
            match call.answer:
                case Failure(RuncFailed(command="start")):
                    for process in outcome.processes(call.key):
                        if process.born_at <= call.ended_s and lived(
                            outcome, process, call.ended_s + AT_ONCE_S
                        ):
                            yield f"{call.key} could not be started, and pid {process.pid} lived"
