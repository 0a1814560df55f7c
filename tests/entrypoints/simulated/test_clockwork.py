"""How a world's time goes beside a clock."""

import asyncio
from typing import Any

import pytest

from entrypoints.simulated.choices import ByRank, OwnRows
from entrypoints.simulated.clockwork import STRIDE_S, Clockwork, Pace
from sim.incarnation import Incarnation, Machine
from sim.scheduler import sleep
from sim.world.world import World

LONG_S = 3_600.0


class Stage:
    """A shim in a world that nobody but the test does anything in."""

    def __init__(self, pace: Pace) -> None:
        choices = OwnRows(1)
        self.world = World.drawn(choices, ByRank(choices))
        self.clockwork = Clockwork(self.world.scheduler, pace)
        self.shim = Incarnation(Machine.in_world(self.world), "shim 1")

    @property
    def now(self) -> float:
        return self.world.scheduler.now

    async def call(self, work: Any) -> Any:
        return await self.clockwork.call(self.shim, "call", work)


async def after(seconds: float, answer: str) -> str:
    await sleep(seconds)
    return answer


@pytest.mark.asyncio
async def test_small_gaps_take_no_time_of_the_clock() -> None:
    stage = Stage(Pace(speed=1e-6, lump_s=LONG_S))

    async def in_strides() -> str:
        for _ in range(10):
            await sleep(STRIDE_S / 2)
        return "done"

    assert await stage.call(in_strides()) == "done"
    assert stage.now == pytest.approx(5 * STRIDE_S)
    await stage.clockwork.close()


@pytest.mark.asyncio
async def test_a_call_that_takes_its_time_ends_exactly_then() -> None:
    stage = Stage(Pace(speed=1_000.0, lump_s=LONG_S))
    assert await stage.call(after(50.0, "late")) == "late"
    assert stage.now == 50.0
    await stage.clockwork.close()


@pytest.mark.asyncio
async def test_time_stands_still_between_calls() -> None:
    stage = Stage(Pace(speed=1_000.0, lump_s=LONG_S))
    for number in range(1, 4):
        await asyncio.sleep(0.02)
        await stage.call(after(1.0, "done"))
        assert stage.now == number
    await stage.clockwork.close()


@pytest.mark.asyncio
async def test_time_stands_still_while_a_call_waits_for_something_real() -> None:
    stage = Stage(Pace(speed=1_000.0, lump_s=LONG_S))

    async def real() -> str:
        await asyncio.sleep(0.02)
        return "real"

    async def rule() -> tuple[str, float]:
        return await stage.clockwork.outside(real()), stage.now

    assert await stage.call(rule()) == ("real", 0.0)
    await stage.clockwork.close()


@pytest.mark.asyncio
async def test_after_a_lump_of_quiet_time_passes_by_itself() -> None:
    stage = Stage(Pace(speed=1_000.0, lump_s=0.01))
    passed = asyncio.Event()

    async def rings() -> None:
        await sleep(500.0)
        passed.set()

    stage.world.scheduler.spawn("rings", rings(), "world")
    stage.clockwork.turn()
    await passed.wait()
    assert stage.now >= 500.0
    await stage.clockwork.close()


@pytest.mark.asyncio
async def test_a_call_of_a_dead_shim_has_no_answer() -> None:
    stage = Stage(Pace(speed=1_000.0))
    under_way = asyncio.create_task(stage.call(after(1e6, "never")))
    await asyncio.sleep(0)
    stage.shim.die()
    too_late = asyncio.create_task(stage.call(after(0.0, "never")))
    done, _ = await asyncio.wait((under_way, too_late), timeout=0.05)
    assert done == set()
    for task in (under_way, too_late):
        task.cancel()
    await asyncio.wait((under_way, too_late))
    await stage.clockwork.close()


@pytest.mark.asyncio
async def test_a_bug_in_a_rule_is_raised_for_its_caller_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage(Pace())

    async def wrong() -> None:
        await sleep(0.0)
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        await stage.call(wrong())
    assert "a bug in call" in caplog.text
    await stage.clockwork.close()
