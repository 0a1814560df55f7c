"""Whole scopes: what is tried, what is found, and what may be called proved."""

from dataclasses import replace
from typing import Any

import pytest

from domain.shim import Shim
from domain.use_cases import recover, resync, start
from sim.check import explore
from sim.check.commuting import Next
from sim.check.explore import Bounds, Explored, Explorer
from sim.check.scope import SCOPES, Do, Scope
from sim.check.state import States
from sim.invariants import check
from sim.outcome import Outcome, Violation
from tests.sim.check.greed import greedy_start
from tests.sim.planting import Garden

UNBOUNDED = Bounds()
BY_NAME = {scope.name: scope for scope in SCOPES}
TINY = BY_NAME["two-deletes"]


def violated(explored: Explored) -> set[str]:
    finding = explored.finding
    return set() if finding is None else {each.invariant for each in finding.violations}


def test_a_scope_that_is_exhausted_is_proved_with_the_same_numbers_each_time() -> None:
    first = Explorer(TINY, UNBOUNDED).run()
    assert first.is_proved
    assert first.states > 50
    assert Explorer(TINY, UNBOUNDED).run() == first


@pytest.mark.parametrize("bounds", [Bounds(depth=4), Bounds(states=20)])
def test_what_a_bound_has_cut_off_is_not_called_proved(bounds: Bounds) -> None:
    explored = Explorer(TINY, bounds).run()
    assert explored.finding is None
    assert not explored.is_proved
    assert explored.depth <= (bounds.depth or explored.depth)
    assert explored.states <= (bounds.states or explored.states)


def test_a_losing_start_that_kills_the_winners_unit_is_found(garden: Garden) -> None:
    """D04: its clean-up takes the unit for its own."""
    garden.plant(start.start, greedy_start())
    explored = Explorer(BY_NAME["two-starts"], Bounds(states=500)).run()
    assert not explored.is_proved
    assert "S9" in violated(explored)


def test_an_exit_whose_hint_is_lost_is_found_when_nobody_looks_again(garden: Garden) -> None:
    """F56, D13: one lost hint is enough."""

    async def idle(shim: Shim) -> None:
        await shim.ports.concurrency.first_of((), None)

    garden.plant(resync.resync, idle)
    explored = Explorer(BY_NAME["exit-lost-hint"], UNBOUNDED).run()
    assert "L2" in violated(explored)
    assert explored.finding is not None
    assert any(each.startswith("F56") for each in explored.finding.decisions)


def test_a_record_that_recovery_forgets_is_found_with_one_crash(garden: Garden) -> None:
    async def empty(shim: Shim) -> None:
        await shim.ports.records.all()

    garden.plant(recover.recover, empty)
    explored = Explorer(BY_NAME["delete-crash"], Bounds(states=500)).run()
    assert violated(explored)
    assert explored.finding is not None
    assert explore.CRASH in explored.finding.decisions


def ends_of(scope: Scope, garden: Garden) -> tuple[Explored, set[bytes]]:
    """Every end that the scope can come to."""
    states, ends = States(), set[bytes]()

    def noted(outcome: Outcome) -> list[Violation]:
        ends.add(states.digest(outcome.host, outcome.lives))
        return check(outcome)

    garden.plant_at(explore, "check", noted)
    return Explorer(scope, UNBOUNDED).run(), ends


def test_steps_that_are_taken_at_once_leave_out_no_end(garden: Garden) -> None:
    """The reduction is tried against none at all, but for the clients."""
    scope = replace(TINY, given=(Do.CREATE, Do.START, Do.KILL, Do.WAIT), second=())
    reduced, some = ends_of(scope, garden)
    honest = Next.of

    def all_but_clients(task: Any) -> Next:
        known = honest(task)
        return known if task.group == "client" else replace(known, commutes=False)

    garden.plant_at(Next, "of", all_but_clients)
    whole, ends = ends_of(scope, garden)
    assert reduced.states < whole.states
    assert some == ends


def test_calls_on_the_bus_arrive_as_they_were_sent(garden: Garden) -> None:
    """Whatever else is tried: systemd handles one after the other, in their order."""
    orders: set[tuple[str, ...]] = set()
    honest = explore.Path._turn

    def watched(path: explore.Path, places: Any) -> int | None:
        runnable = path.stage.scheduler.runnable
        arrivals = [Next.of(task).arrives for task, _ in runnable]
        on_the_bus = [each for each in arrivals if each is not None]
        chosen = [each for each in (arrivals[at] for at in places) if each is not None]
        assert len(chosen) == bool(on_the_bus)
        assert chosen == sorted(on_the_bus)[: len(chosen)]
        if len(on_the_bus) > 1:
            orders.add(tuple(runnable[at][0].name for at in places))
        return honest(path, places)

    garden.plant_at(explore.Path, "_turn", watched)
    both = replace(TINY, given=(Do.CREATE, Do.START), first=(Do.KILL,), second=(Do.KILL,))
    Explorer(both, Bounds(states=50)).run()
    assert orders


def test_every_scope_can_be_begun() -> None:
    for scope in SCOPES:
        explored = Explorer(scope, Bounds(states=10)).run()
        assert explored.finding is None, scope.name
        assert explored.states == 10, scope.name
