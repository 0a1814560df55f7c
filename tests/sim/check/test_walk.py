"""States of coroutines: what tells two of them apart, and what does not."""

from collections.abc import Awaitable, Callable
from typing import Any

from sim.check.decisions import Decisions
from sim.check.kinds import PLAIN, Handlers
from sim.check.moments import BEGIN_S, GRID_S, STEP_S
from sim.check.scope import SCOPES
from sim.check.stage import Stage
from sim.check.state import States
from sim.check.walk import Walk
from sim.scheduler import SimLatch, first_of
from sim.world.story import Story

NOW_S = BEGIN_S + 10.0


def digest(*things: object) -> bytes:
    walk = Walk(NOW_S, Handlers(PLAIN))
    for thing in things:
        walk.visit(thing)
    return walk.digest()


def paused(work: Any, steps: int) -> Any:
    """The coroutine after so many of its awaits."""
    for _ in range(steps):
        work.send(None)
    return work


async def nap() -> None:
    await first_of((), 0.0)


async def twice() -> None:
    await nap()
    await nap()


async def counts(number: int) -> int:
    await nap()
    return number


async def over(values: tuple[str, ...]) -> None:
    for _ in values:
        await nap()


async def outer(inner: Callable[[], Awaitable[None]]) -> None:
    await inner()


async def in_an_expression(first: Callable[[], int]) -> int:
    return first() + await counts(0)


def test_another_position_is_another_state() -> None:
    work = twice()
    before = digest(paused(work, 1))
    assert before != digest(paused(work, 1))
    work.close()


def test_another_local_value_is_another_state() -> None:
    one, two, same = (paused(counts(number), 1) for number in (1, 2, 1))
    assert digest(one) != digest(two)
    assert digest(one) == digest(same)
    for each in (one, two, same):
        each.close()


def test_another_position_further_down_the_awaits_is_another_state() -> None:
    work = outer(twice)
    before = digest(paused(work, 1))
    assert before != digest(paused(work, 1))
    work.close()


def test_a_loop_over_equal_values_is_in_another_state_each_time() -> None:
    """The loop's own place has no name: it lies on the frame's stack."""
    work = over(("a", "a", "a"))
    states = {digest(paused(work, 1)) for _ in range(3)}
    assert len(states) == 3
    work.close()


def test_the_first_half_of_an_expression_is_part_of_the_state() -> None:
    works = [paused(in_an_expression(lambda each=each: each), 1) for each in (1, 2)]  # type: ignore[misc]
    assert digest(works[0]) != digest(works[1])
    for work in works:
        work.close()


def test_two_that_share_are_not_two_that_are_alike() -> None:
    shared: list[int] = []
    alike: list[int] = []
    assert digest([shared, shared]) != digest([shared, alike])
    assert digest([shared, alike]) == digest([[], []])


def test_of_the_past_only_the_order_counts() -> None:
    early, late, later = (NOW_S - steps * STEP_S for steps in (9, 5, 1))
    assert digest(early, late) == digest(late, later)
    assert digest(early, late) != digest(late, early)
    assert digest(early, early) != digest(early, late)


def test_what_is_longer_ago_than_the_clocks_last_jump_is_another_past() -> None:
    assert digest(NOW_S - STEP_S) != digest(NOW_S - 5.0)


def test_of_the_future_the_distance_counts() -> None:
    assert digest(NOW_S + 30.0) == digest(NOW_S + 30.0 - 3 * STEP_S)
    assert digest(NOW_S + 30.0) != digest(NOW_S + 30.0 + 2 * GRID_S)


class Bell:
    """Rings its latch when it has been pushed."""

    def __init__(self, latch: SimLatch) -> None:
        self.latch = latch
        self.rung = 0

    async def push(self) -> None:
        await nap()
        self.rung += 1
        self.latch.open()


def world_after(names: tuple[str, ...]) -> bytes:
    """Two bells, pushed in this order."""
    decisions = Decisions(())
    stage = Stage.of(SCOPES[0], decisions, Story())
    scheduler = stage.scheduler
    bells = {name: Bell(scheduler.latch()) for name in ("a", "b")}
    for name in names:
        scheduler.spawn(name, bells[name].push(), "world")
        scheduler.settle(100)
    reached = States().digest(stage.host, bells.values())
    scheduler.close()
    return reached


def test_the_same_place_by_another_way_is_the_same_state() -> None:
    assert world_after(("a", "b")) == world_after(("b", "a"))
    assert world_after(("a", "b")) != world_after(("a",))
