"""What must be told in time: containerd hears of whatever was done or has ended soon after it."""

from collections.abc import Iterator
from typing import Final

from domain.event import TaskCreated, TaskEvent, TaskExited
from sim.effects import is_lost, news_of
from sim.honesty import BACK_S, SLOW, SOON_S
from sim.outcome import Outcome, is_start_of, seen_s

# Faults for which the next shim waits, before it knows what there is to tell.
SLOW_TO_COME_BACK: Final = SLOW | frozenset(
    f"F{number}" for number in (45, 52, 58, 64, 70, 102, 103, 107, 116)
)


def l1_exits_are_told_soon(outcome: Outcome) -> Iterator[str]:
    """Where nothing is slow that stands between systemd and containerd."""
    if _is_slow(outcome):
        return
    for at_s, event in outcome.heard():
        if not isinstance(event, TaskExited):
            continue
        process = outcome.process(event.process, event.pid, at_s)
        unit = None if process is None else outcome.unit_of(process)
        if unit is None or not unit.exited_at_us:
            continue
        late_s = at_s - max(seen_s(unit), _may_be_told_s(outcome, event))
        if late_s > _soon_s(outcome):
            yield f"the exit of {event.process} was told {late_s:.1f} s late"


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
    return SOON_S + outcome.deaths * BACK_S


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
