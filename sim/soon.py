"""What must be told in time: containerd hears of whatever was done or has ended soon after it."""

from collections.abc import Iterator, Mapping
from typing import Final

from domain.event import TaskCreated, TaskEvent, TaskExited
from domain.identity import ProcessKey
from sim.effects import is_lost, news_of
from sim.honesty import SLOW, SOON_S
from sim.life import Life
from sim.outcome import Outcome, is_start_of, seen_s

# Faults for which the next shim waits, before it knows what there is to tell.
SLOW_TO_COME_BACK: Final = SLOW | frozenset(
    f"F{number}" for number in (45, 52, 58, 64, 70, 102, 103, 107, 116)
)
# A read, a save, and whatever else is told first; half of the wait for execs.
UNHINDERED_S: Final = 1.0


def l1_exits_are_told_soon(outcome: Outcome) -> Iterator[str]:
    """Where nothing is slow that stands between systemd and containerd."""
    if _is_slow(outcome):
        return
    for at_s, event in outcome.heard():
        if isinstance(event, TaskExited):
            late_s = _late_s(outcome, at_s, event)
            if late_s > _soon_s(outcome):
                yield f"the exit of {event.process} was told {late_s:.1f} s late"


def l1_an_inits_exit_waits_for_its_execs_alone(outcome: Outcome) -> Iterator[str]:
    """Whose start was asked for, and whose end is not told yet; else it is told at once (F01)."""
    if _is_slow(outcome) or outcome.deaths:
        return
    for life in outcome.lives:
        execs = {call.key for call in outcome.calls(life, "start") if call.key.exec_id}
        for at_s, event, others in _exits_of(outcome, life):
            if event.process == life.init and execs <= others.keys():
                since_last_s = at_s - max(others.values(), default=0.0)
                late_s = min(_late_s(outcome, at_s, event), since_last_s)
                if late_s > UNHINDERED_S:
                    yield f"the exit of {life.init} was told {late_s:.1f} s late, and nobody ran"


def _exits_of(
    outcome: Outcome, life: Life
) -> Iterator[tuple[float, TaskExited, Mapping[ProcessKey, float]]]:
    """When each was told, and when whose of the same container had been told before."""
    told: dict[ProcessKey, float] = {}
    for at_s, event in outcome.heard():
        match event:
            case TaskCreated(owner=owner) if owner == life.owner:
                told = {}
            case TaskExited(process=process) if process.owner == life.owner:
                yield at_s, event, told
                told[process] = at_s
            case _:
                pass


def _late_s(outcome: Outcome, at_s: float, exited: TaskExited) -> float:
    """By how much it was told after systemd had it and nothing was in its way any more."""
    process = outcome.process(exited.process, exited.pid, at_s)
    unit = None if process is None else outcome.unit_of(process)
    if unit is None or not unit.exited_at_us:
        return 0.0
    return at_s - max(seen_s(unit), _may_be_told_s(outcome, exited))


def l9_news_is_told_soon(outcome: Outcome) -> Iterator[str]:
    """Of whatever was answered as done, and not only at the end."""
    if _is_slow(outcome):
        return
    told_s: dict[TaskEvent, list[float]] = {}
    for at_s, event in outcome.heard():
        told_s.setdefault(event, []).append(at_s)
    for life, call, _ in outcome.successes():
        news = news_of(life, call)
        if news is None or is_lost(outcome, call, news):
            continue
        first_s = min((s for s in told_s.get(news, ()) if s >= call.begun_s), default=0.0)
        late_s = first_s - call.ended_s
        if late_s > _soon_s(outcome):
            yield f"{call.what} {call.key} succeeded, and {news} was told {late_s:.1f} s late"


def _is_slow(outcome: Outcome) -> bool:
    return bool(outcome.fired.keys() & (SLOW_TO_COME_BACK if outcome.deaths else SLOW))


def _soon_s(outcome: Outcome) -> float:
    return SOON_S + outcome.coming_back_s


def _may_be_told_s(outcome: Outcome, exited: TaskExited) -> float:
    """Its container is told of, and whether it was started is known."""
    known = [
        at_s
        for at_s, event in outcome.heard()
        if (isinstance(event, TaskCreated) and event.owner == exited.process.owner)
        or is_start_of(event, exited.process)
    ]
    starts = [
        call.ended_s
        for call in outcome.host.calls
        if call.what == "start" and call.key == exited.process
    ]
    return max([0.0, *known, *starts])
