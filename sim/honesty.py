"""What must hold of the shim's word: once, and never more than is so."""

from collections.abc import Iterator
from typing import Final

from returns.result import Success

from domain.event import (
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskPaused,
    TaskResumed,
)
from domain.exit_status import SIGNALLED, UNKNOWN
from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.refusal import WrongPhase
from domain.unit_name import UnitName, unit_name
from domain.use_cases.query import ProcessView
from sim.client import Call
from sim.life import Life
from sim.outcome import (
    Outcome,
    begun_s_of,
    is_start_of,
    lived,
    owner_of,
    round_at,
    round_of,
    seconds,
    seen_s,
)
from sim.world.kernel import Freezer, KernelProcess
from sim.world.unit import Unit

# Faults that stand between systemd's knowledge of an exit and containerd's.
SLOW: Final = frozenset(f"F{number}" for number in (11, 53, 54, 56, 77, 87, 88, 89, 91, 98))
# Faults that keep no news: of creates, starts, runc's clean-up, mounts and streams.
QUIET: Final = frozenset(
    f"F{number}" for number in (37, 44, 45, 59, 60, 83, 100, 101, 103, 104, 105, 106, 107)
)
# From the moment that systemd has an exit until containerd has it: a read, a save, the wait for
# execs (F01) and an event or two before it.
SOON_S: Final = 3.0
# runc's start, or systemd's, may have happened and be told as failed.
LYING_STARTS: Final = frozenset({"F90", "F101", "F102"})
# A signal and the death it means.
AT_ONCE_S: Final = 0.1
LOST_ACKNOWLEDGEMENT: Final = "F11"
STAYS_FROZEN: Final = "F100"
# The phases that the freezer tells apart.
FREEZABLE: Final = frozenset({Phase.RUNNING, Phase.PAUSED})
# With these a unit may have no reference for a while.
UNHELD: Final = frozenset({"F90", "F92", "F98"})


def s1_nothing_is_told_twice(outcome: Outcome) -> Iterator[str]:
    """But for what was heard and not acknowledged, or not written down before a death."""
    excuses = outcome.fired.get(LOST_ACKNOWLEDGEMENT, 0) + outcome.deaths
    for life in outcome.lives:
        if outcome.disk_refused(life.owner):
            continue
        again = list(_told_again(outcome, life))
        # An exec is gone from what is noted a moment before it is from the record.
        deletes = outcome.calls(life, "delete")
        halves = sum(each.key.exec_id is not None and each.answer is None for each in deletes)
        if len(again) > excuses + halves:
            yield f"{life.owner}: {len(again)} events were told again, {excuses} may have been lost"
        if LOST_ACKNOWLEDGEMENT in outcome.fired or halves:
            continue
        for event, first_s in again:
            died_at = outcome.machine.died_at.values()
            if not any(0 <= died_s - first_s <= SOON_S for died_s in died_at):
                yield f"{event} was told again, long after {first_s:.1f} s"


def _told_again(outcome: Outcome, life: Life) -> Iterator[tuple[TaskEvent, float]]:
    """What was told more than once of one container, and when it was the time before."""
    told: dict[TaskEvent, float] = {}
    is_over = False
    for at_s, event in outcome.heard():
        if owner_of(event) != life.owner or isinstance(event, TaskPaused | TaskResumed):
            continue
        if is_over and isinstance(event, TaskCreated):
            told.clear()  # the next of this id
            is_over = False
        is_over = is_over or isinstance(event, TaskDeleted)
        if event in told:
            yield event, told[event]
        told[event] = at_s


def s2_what_ended_itself_was_started(outcome: Outcome) -> Iterator[str]:
    """And its start was told, unless runc let it go and said that it had not; so does restore."""
    for life, chapter in outcome.all_chapters():
        restored = any(isinstance(each, TaskCreated) and each.checkpoint for each in chapter)
        if restored or outcome.disk_refused(life.owner):
            continue
        for event in chapter:
            if (
                isinstance(event, TaskExited)
                and event.exit.status < SIGNALLED
                and not any(is_start_of(each, event.process) for each in chapter)
                and not _may_be_said_not_to_start(outcome, life, event.process)
            ):
                yield f"{event.process} exited with {event.exit.status}, and never started"


def _may_be_said_not_to_start(outcome: Outcome, life: Life, key: ProcessKey) -> bool:
    lies = bool(outcome.fired.keys() & LYING_STARTS)
    starts = (call for call in outcome.calls(life, "start") if call.key == key)
    return lies and any(not start.succeeded for start in starts)


def s8_times_are_systemds(outcome: Outcome) -> Iterator[str]:
    """An exit that systemd saw is told with the time at which it did."""
    for at_s, event in outcome.heard():
        if not isinstance(event, TaskExited) or event.exit.status == UNKNOWN:
            continue
        process = outcome.process(event.process, event.pid, at_s)
        unit = None if process is None else outcome.unit_of(process)
        if unit is not None and unit.exited_at_us and seen_s(unit) != seconds(event.exit.at):
            yield f"{event.process} exited at {seen_s(unit)}, told as {seconds(event.exit.at)}"


def s11_running_means_started(outcome: Outcome) -> Iterator[str]:
    """Nobody is said to run before anybody asked for its start."""
    for life in outcome.lives:
        starts = outcome.calls(life, "start")
        for call, view in _views(outcome, life):
            if view.phase in {Phase.RUNNING, Phase.PAUSED} and not any(
                start.key == view.key
                and start.begun_s <= call.ended_s
                and _same_round(life, start, call)
                for start in starts
            ):
                yield f"{view.key} was answered to be {view.phase.value} before any start"


def s11_paused_means_paused(outcome: Outcome) -> Iterator[str]:
    """After a Pause nobody hears that the container runs, until it is resumed, or has ended."""
    for life in outcome.lives:
        for pause in outcome.calls(life, "pause"):
            if not pause.succeeded:
                continue
            for call, view in _views(outcome, life):
                resumed = any(
                    resume.ended_s >= pause.begun_s and resume.begun_s <= call.ended_s
                    for resume in outcome.calls(life, "resume")
                )
                if (
                    view.phase is Phase.RUNNING
                    and call.incarnation == pause.incarnation
                    and pause.ended_s < call.begun_s
                    and _same_round(life, pause, call)
                    and not resumed
                    and not _init_is_over(outcome, life, call.ended_s)
                ):
                    yield f"{view.key} was answered to run while it was paused"


def s11_state_says_whether_it_is_frozen(outcome: Outcome) -> Iterator[str]:
    """Where nobody freezes, thaws or ends it at that very time.

    Whose record is behind (F116) is what a new shim takes it for, if runc has lost it (F104); and
    a Pause that failed may have frozen it, and nothing may thaw it (F100, seed 29057).
    """
    for life in outcome.lives:
        if outcome.may_be_behind(life.owner) or unit_name(life.init) in outcome.touched:
            continue
        # In a plain world much happens in one instant, and nobody can say in which order.
        freezes = outcome.machine.world.kernel.freezes
        movers = outcome.calls(life, "pause", "resume", "kill", "delete", "clean up")
        for call, view in _views(outcome, life):
            moved = any(
                each.asked_step < call.answered_step and each.answered_step > call.asked_step
                for each in movers
            ) or any(since_s == call.ended_s for _, _, since_s in freezes)
            if moved or view.phase not in FREEZABLE or _init_is_over(outcome, life, call.ended_s):
                continue
            if STAYS_FROZEN in outcome.fired and _may_have_frozen(outcome, life, call.ended_s):
                continue
            if _is_frozen(outcome, life, call.ended_s) != (view.phase is Phase.PAUSED):
                yield f"{view.key} was answered to be {view.phase.value}"


def _may_have_frozen(outcome: Outcome, life: Life, by_s: float) -> bool:
    """A Pause that runc failed to do, or whose answer did not come."""
    return any(
        not pause.succeeded and pause.begun_s <= by_s and not isinstance(pause.refusal, WrongPhase)
        for pause in outcome.calls(life, "pause")
    )


def _is_frozen(outcome: Outcome, life: Life, at_s: float) -> bool:
    begun = [each for each in outcome.processes(life.init) if each.born_at <= at_s]
    states = [
        frozen
        for cgroup, frozen, since_s in outcome.machine.world.kernel.freezes
        if begun and cgroup == begun[-1].cgroup and begun[-1].born_at <= since_s <= at_s
    ]
    return bool(states) and states[-1]


def _init_is_over(outcome: Outcome, life: Life, by_s: float) -> bool:
    """An exec's own end may be heard of a moment later than its init's."""
    begun = [each for each in outcome.processes(life.init) if each.born_at <= by_s]
    return bool(begun) and not lived(outcome, begun[-1], by_s)


def s11_an_ended_exec_is_dead(outcome: Outcome) -> Iterator[str]:
    """At once: KILL may have hit its reaper alone. On cgroup v1 not while it is frozen (F99)."""
    stays_frozen = outcome.machine.world.kernel.freezer is Freezer.V1
    frozen = {
        call.key.owner for call in outcome.host.calls if stays_frozen and call.what == "pause"
    }
    for at_s, event in outcome.heard():
        if not isinstance(event, TaskExited) or event.process.exec_id is None:
            continue
        process = outcome.process(event.process, event.pid, at_s)
        if (
            process is not None
            and event.process.owner not in frozen
            and lived(outcome, process, at_s + AT_ONCE_S)
        ):
            yield f"{event.process} is told to have exited, and pid {process.pid} lived on"


def s17_no_unit_is_lost(outcome: Outcome) -> Iterator[str]:
    """While a shim serves systemd forgets no unit that was not let go (F46).

    Of a Create that failed there is nothing to forget.
    """
    if outcome.fired.keys() & UNHELD:
        return
    systemd = outcome.machine.systemd
    for unit in systemd.history:
        at_s = systemd.forgotten.get(unit.invocation)
        if at_s is None or unit.invocation in systemd.released:
            continue
        if _is_of_no_container(outcome, unit, at_s) or _is_being_let_go(outcome, unit, at_s):
            continue
        if not outcome.deaths or _somebody_served(outcome, at_s):
            yield f"{unit.name} was collected while it was needed"


def _is_of_no_container(outcome: Outcome, unit: Unit, at_s: float) -> bool:
    rounds = [round_at(life, at_s) for life in outcome.lives if unit_name(life.init) == unit.name]
    return any(each is not None and not each.created for each in rounds)


def _is_being_let_go(outcome: Outcome, unit: Unit, at_s: float) -> bool:
    """By a Delete whose shim died over it: what that had asked of systemd comes all the same.

    An exec's unit goes after the answer, so that may have come (decision 0022).
    """
    return any(
        (call.answer is None or (call.key.exec_id is not None and call.succeeded))
        and call.begun_s <= at_s
        and unit.name in _lets_go(life, call)
        for life in outcome.lives
        for call in outcome.calls(life, "delete")
    )


def _lets_go(life: Life, delete: Call) -> Iterator[UnitName]:
    yield unit_name(delete.key)
    if delete.key.exec_id is None:
        yield from map(unit_name, round_of(life, delete).execs)


def _somebody_served(outcome: Outcome, at_s: float) -> bool:
    """One shim answered before that time and after it, so it had found its tasks again."""
    answered = [call for call in outcome.host.calls if call.answer is not None]
    before = {call.incarnation for call in answered if call.ended_s < at_s}
    return any(call.incarnation in before for call in answered if call.ended_s > at_s)


def s16_nobody_outlives_the_init(outcome: Outcome) -> Iterator[str]:
    """Where the kernel does not end the execs of an ended container the shim does (H15)."""
    for life in outcome.lives:
        for at_s, event in outcome.heard():
            if not isinstance(event, TaskExited) or event.process != life.init:
                continue
            for process in _beside(outcome, life, event, at_s):
                if lived(outcome, process, at_s + SOON_S + outcome.coming_back_s):
                    yield f"pid {process.pid} outlives its container {life.owner}"


def _beside(
    outcome: Outcome, life: Life, exited: TaskExited, until_s: float
) -> Iterator[KernelProcess]:
    """The programs of its execs that began before then; not those of the next of this id."""
    init = outcome.process(life.init, exited.pid, until_s)
    if init is None:
        return
    for key in dict.fromkeys(call.key for call in outcome.calls(life) if call.key != life.init):
        for process in outcome.processes(key):
            if process.born_at <= until_s and _of_one_round(life, process, init):
                yield process


def _of_one_round(life: Life, one: KernelProcess, other: KernelProcess) -> bool:
    return begun_s_of(life, one.born_at) == begun_s_of(life, other.born_at)


def _views(outcome: Outcome, life: Life) -> Iterator[tuple[Call, ProcessView]]:
    for call in outcome.calls(life, "state"):
        match call.answer:
            case Success(ProcessView() as view):
                yield call, view
            case _:
                pass


def _same_round(life: Life, one: Call, other: Call) -> bool:
    return begun_s_of(life, one.begun_s) == begun_s_of(life, other.begun_s)
