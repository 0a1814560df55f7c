"""What every Concurrency port does, be it the scheduler's or asyncio's.

Each test is one coroutine that awaits the port alone; its class gives `drive` and `concurrency`.
Nothing here is about how long anything takes.
"""

from typing import Any, Final

import pytest

from domain.limits import Seconds
from domain.ports.concurrency import Concurrency, Latch
from tests.contracts.drive import Drive

SOON: Final = Seconds(0.01)
# As good as never, and yet a test that waits for it in vain ends.
LATE: Final = Seconds(60)


class ConcurrencyContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def concurrency(self) -> Concurrency:
        raise NotImplementedError

    def test_a_latch_is_closed_at_first_and_open_for_good_once_opened(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> list[bool]:
            latch = concurrency.latch()
            seen = [latch.is_open]
            latch.open()
            seen.append(latch.is_open)
            latch.open()
            await concurrency.first_of((), SOON)
            return [*seen, latch.is_open]

        assert drive(life()) == [False, True, True]

    def test_a_latch_that_is_open_already_is_answered(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> bool:
            latch = concurrency.latch()
            latch.open()
            return await concurrency.first_of((concurrency.latch(), latch), None) is latch

        assert drive(life())

    def test_of_several_open_latches_the_first_in_order_is_answered(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> bool:
            first, second = concurrency.latch(), concurrency.latch()
            second.open()
            first.open()
            return await concurrency.first_of((first, second), LATE) is first

        assert drive(life())

    def test_whoever_waits_goes_on_when_one_of_the_latches_opens(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> bool:
            latches = [concurrency.latch() for _ in range(3)]
            concurrency.spawn("opener", open_later(latches[1]))
            return await concurrency.first_of(latches, LATE) is latches[1]

        async def open_later(latch: Latch) -> None:
            await concurrency.first_of((), SOON)
            latch.open()

        assert drive(life())

    def test_all_who_wait_for_a_latch_go_on(self, drive: Drive, concurrency: Concurrency) -> None:
        async def life() -> list[bool]:
            gate = concurrency.latch()
            waiters = [concurrency.spawn(f"waiter {n}", wait_for(gate)) for n in range(3)]
            await concurrency.first_of((), SOON)
            gate.open()
            for waiter in waiters:
                await concurrency.first_of((waiter.done,), LATE)
            return [waiter.outcome() for waiter in waiters]

        async def wait_for(gate: Latch) -> bool:
            return await concurrency.first_of((gate,), LATE) is gate

        assert drive(life()) == [True] * 3

    def test_a_limit_that_passes_is_answered_with_nothing(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> Latch | None:
            return await concurrency.first_of((concurrency.latch(),), SOON)

        assert drive(life()) is None

    @pytest.mark.parametrize("within", [Seconds(0), Seconds(-1)])
    def test_a_limit_of_nothing_passes_at_once_but_an_open_latch_is_seen(
        self, drive: Drive, concurrency: Concurrency, within: Seconds
    ) -> None:
        async def life() -> list[bool]:
            closed, opened = concurrency.latch(), concurrency.latch()
            opened.open()
            return [
                await concurrency.first_of((closed,), within) is None,
                await concurrency.first_of((closed, opened), within) is opened,
            ]

        assert drive(life()) == [True, True]

    def test_without_latches_the_wait_is_a_sleep_in_which_others_run(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> list[str]:
            told: list[str] = []

            async def other() -> None:
                told.append("other")

            concurrency.spawn("other", other())
            told.append("before")
            assert await concurrency.first_of((), SOON) is None
            return [*told, "after"]

        assert drive(life()) == ["before", "other", "after"]

    def test_the_same_latch_twice_is_no_harm(self, drive: Drive, concurrency: Concurrency) -> None:
        async def life() -> Latch | None:
            latch = concurrency.latch()
            return await concurrency.first_of((latch, latch), SOON)

        assert drive(life()) is None

    def test_spawned_work_runs_beside_its_starter_and_has_an_outcome(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> tuple[bool, int]:
            work = concurrency.spawn("answer", answer())
            at_first = work.done.is_open
            await concurrency.first_of((work.done,), LATE)
            return at_first, work.outcome()

        async def answer() -> int:
            await concurrency.first_of((), SOON)
            return 42

        assert drive(life()) == (False, 42)

    def test_a_bug_in_spawned_work_is_raised_where_its_outcome_is_asked_for(
        self, drive: Drive, concurrency: Concurrency
    ) -> None:
        async def life() -> None:
            work = concurrency.spawn("buggy", buggy())
            await concurrency.first_of((work.done,), LATE)
            work.outcome()

        async def buggy() -> Any:
            await concurrency.first_of((), SOON)
            raise ZeroDivisionError("this very bug")

        with pytest.raises(ZeroDivisionError, match="this very bug"):
            drive(life())
