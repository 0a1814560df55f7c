"""The scheduler that drives the rules: order, time, death and cancellation."""

from math import inf
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from sim.choices import Choices
from sim.picks import Anyone
from sim.scheduler import Cancelled, Scheduler, sleep

STEPS_MAX: Final = 1_000

seeds = st.integers(0, 2**32)


def scheduler_of(seed: int = 0) -> Scheduler:
    choices = Choices(seed)
    return Scheduler(choices, Anyone(choices))


def told_in_order(seed: int, count: int) -> list[int]:
    """Who of several that could run at one moment ran when."""
    scheduler = scheduler_of(seed)
    told: list[int] = []

    async def tell(number: int) -> None:
        told.append(number)

    for number in range(count):
        scheduler.spawn(f"task {number}", tell(number), "group")
    assert scheduler.run(STEPS_MAX)
    return told


def test_everybody_who_can_run_runs_and_every_order_is_drawn_by_some_seed() -> None:
    orders = {tuple(told_in_order(seed, 3)) for seed in range(200)}
    assert len(orders) == 6
    assert all(sorted(order) == [0, 1, 2] for order in orders)


@given(seeds)
def test_a_seed_draws_the_same_order_again(seed: int) -> None:
    assert told_in_order(seed, 6) == told_in_order(seed, 6)


@given(seeds, st.lists(st.floats(0.001, 1_000.0), min_size=1, max_size=8))
def test_sleepers_wake_in_the_order_of_their_times_and_time_never_goes_back(
    seed: int, times: list[float]
) -> None:
    scheduler = scheduler_of(seed)
    woken: list[tuple[float, float]] = []

    async def sleeper(seconds: float) -> None:
        await sleep(seconds)
        woken.append((seconds, scheduler.now))

    for seconds in times:
        scheduler.spawn("sleeper", sleeper(seconds), "group")
    assert scheduler.run(STEPS_MAX)
    assert [seconds for seconds, _ in woken] == sorted(times)
    assert all(seconds == now for seconds, now in woken)


def test_who_waits_for_what_never_opens_is_alive_when_the_world_is_at_rest() -> None:
    scheduler = scheduler_of()

    async def wait() -> None:
        await scheduler.first_of((scheduler.latch(),), None)

    task = scheduler.spawn("the waiting one", wait(), "group")
    assert scheduler.run(STEPS_MAX)
    assert not scheduler.run_until(task.done, STEPS_MAX)
    assert scheduler.alive() == ["the waiting one"]


def test_who_is_busy_for_ever_is_found_out() -> None:
    scheduler = scheduler_of()

    async def spin() -> None:
        while True:
            await sleep(0.0)

    scheduler.spawn("the hot loop", spin(), "group")
    assert not scheduler.run(STEPS_MAX)


def test_a_wait_that_is_over_in_virtual_time_is_given_up() -> None:
    scheduler = scheduler_of()

    async def tick() -> None:
        while True:
            await sleep(60.0)

    scheduler.spawn("clock", tick(), "group")
    assert not scheduler.run_until(scheduler.latch(), STEPS_MAX, until_s=3_600.0)
    assert scheduler.now == 3_600.0


def test_a_group_that_is_dropped_never_runs_again_and_others_go_on() -> None:
    scheduler = scheduler_of()
    told: list[str] = []

    async def live(name: str) -> None:
        for _ in range(3):
            await sleep(1.0)
            told.append(name)

    for name in ("a", "b"):
        scheduler.spawn(name, live(name), "dies")
    other = scheduler.spawn("other", live("other"), "stays")

    async def kill() -> None:
        await sleep(1.5)
        scheduler.drop("dies")

    scheduler.spawn("killer", kill(), "world")
    assert scheduler.run(STEPS_MAX)
    assert sorted(told) == ["a", "b", "other", "other", "other"]
    assert other.done.is_open
    assert scheduler.alive() == []


def test_a_latch_that_opens_after_a_death_wakes_only_the_living() -> None:
    scheduler = scheduler_of()
    latch = scheduler.latch()
    woken: list[str] = []

    async def wait(name: str) -> None:
        await scheduler.first_of((latch,), None)
        woken.append(name)

    scheduler.spawn("dead", wait("dead"), "dies")
    scheduler.spawn("living", wait("living"), "stays")
    scheduler.run(STEPS_MAX)
    scheduler.drop("dies")
    latch.open()
    assert scheduler.run(STEPS_MAX)
    assert woken == ["living"]


def test_cancellation_is_thrown_at_the_await_and_what_it_passes_is_undone() -> None:
    scheduler = scheduler_of()
    told: list[str] = []

    async def hold() -> None:
        try:
            await sleep(10.0)
            told.append("in time")
        except Cancelled:
            told.append("cancelled")
            raise
        finally:
            told.append("undone")

    task = scheduler.spawn("holder", hold(), "dies")
    pause = scheduler.spawn("pause", sleep(1.0), "world")
    scheduler.run_until(pause.done, STEPS_MAX)
    scheduler.cancel("dies")
    assert scheduler.run(STEPS_MAX)
    assert told == ["cancelled", "undone"]
    assert not task.done.is_open


def test_a_bug_is_kept_and_harms_nobody_else() -> None:
    scheduler = scheduler_of()

    async def buggy() -> None:
        await sleep(1.0)
        raise ZeroDivisionError("this very bug")

    other = scheduler.spawn("other", sleep(2.0), "group")
    scheduler.spawn("buggy", buggy(), "group")
    assert scheduler.run(STEPS_MAX)
    [(name, bug)] = scheduler.bugs
    assert name == "buggy"
    assert isinstance(bug, ZeroDivisionError)
    assert other.done.is_open


def test_somebody_may_be_killed_just_before_his_step() -> None:
    scheduler = scheduler_of()
    ran: list[str] = []

    async def victim() -> None:
        ran.append("victim")

    scheduler.before_step = lambda task: scheduler.drop(task.group)
    scheduler.spawn("victim", victim(), "dies")
    assert scheduler.run(STEPS_MAX)
    assert ran == []


def test_the_next_timer_is_one_that_somebody_still_waits_for() -> None:
    scheduler = scheduler_of()
    assert scheduler.next_due() == inf
    latch = scheduler.latch()

    async def impatient() -> None:
        await scheduler.first_of((latch,), 5.0)
        await sleep(20.0)

    scheduler.spawn("impatient", impatient(), "group")
    scheduler.run_until(scheduler.latch(), STEPS_MAX, until_s=1.0)
    assert scheduler.next_due() == 5.0
    latch.open()
    scheduler.run_until(scheduler.latch(), STEPS_MAX, until_s=1.0)
    assert scheduler.next_due() == 20.0
