"""Concurrency on asyncio: the contract, ownership, and what it leaves behind."""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from adapters.concurrency import AsyncioConcurrency, AsyncioLatch
from domain.limits import Seconds
from domain.ports.concurrency import Concurrency, Latch
from tests.contracts.concurrency_contract import LATE, SOON, ConcurrencyContract
from tests.contracts.drive import Drive


class TestOnAsyncio(ConcurrencyContract):
    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def concurrency(self) -> Concurrency:
        return AsyncioConcurrency()


class _Foreign:
    is_open = False

    def open(self) -> None: ...


@pytest.mark.asyncio
class TestOwnership:
    async def test_closing_cancels_all_work_and_waits_until_it_has_cleaned_up(self) -> None:
        concurrency = AsyncioConcurrency()
        cleaned: list[int] = []

        async def busy(number: int) -> None:
            try:
                await concurrency.first_of((), None)
            finally:
                await asyncio.sleep(0.01)
                cleaned.append(number)

        works = [concurrency.spawn(f"busy {number}", busy(number)) for number in range(3)]
        await asyncio.sleep(0)
        await concurrency.aclose()
        assert sorted(cleaned) == [0, 1, 2]
        assert all(work.done.is_open for work in works)
        with pytest.raises(asyncio.CancelledError):
            works[0].outcome()

    async def test_what_is_spawned_while_closing_ends_as_well(self) -> None:
        concurrency = AsyncioConcurrency()

        async def last_words() -> None:
            try:
                await concurrency.first_of((), None)
            finally:
                concurrency.spawn("a child", concurrency.first_of((), None))

        concurrency.spawn("parent", last_words())
        await asyncio.sleep(0)
        await concurrency.aclose()
        assert {task.get_name() for task in asyncio.all_tasks()}.isdisjoint({"parent", "a child"})

    async def test_a_bug_is_logged_with_its_traceback_even_if_nobody_asks(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        concurrency = AsyncioConcurrency()

        async def buggy() -> None:
            raise ZeroDivisionError("this very bug")

        work = concurrency.spawn("look after k8s.io/web", buggy())
        await concurrency.first_of((work.done,), LATE)
        assert "look after k8s.io/web" in caplog.text
        assert "Traceback" in caplog.text
        assert "this very bug" in caplog.text

    async def test_to_be_cancelled_is_no_bug(self, caplog: pytest.LogCaptureFixture) -> None:
        concurrency = AsyncioConcurrency()
        concurrency.spawn("sleeper", concurrency.first_of((), None))
        await concurrency.aclose()
        assert not caplog.records

    async def test_work_goes_on_when_its_starter_is_cancelled(self) -> None:
        concurrency = AsyncioConcurrency()
        gate = concurrency.latch()
        works = []

        async def starter() -> None:
            works.append(concurrency.spawn("work", concurrency.first_of((gate,), LATE)))
            await concurrency.first_of((works[0].done,), None)

        task = asyncio.create_task(starter())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        gate.open()
        await concurrency.first_of((works[0].done,), LATE)
        assert works[0].outcome() is gate


@pytest.mark.asyncio
class TestLeanness:
    @pytest.mark.parametrize("ending", ["limit", "latch", "cancelled"])
    async def test_a_wait_leaves_nothing_at_the_latches_that_stayed_closed(
        self, ending: str
    ) -> None:
        concurrency = AsyncioConcurrency()
        closed, other = AsyncioLatch(), AsyncioLatch()
        within = SOON if ending == "limit" else LATE
        wait = asyncio.create_task(concurrency.first_of((closed, other), within))
        await asyncio.sleep(0)
        if ending == "latch":
            other.open()
        if ending == "cancelled":
            wait.cancel()
        await asyncio.wait({wait})
        assert closed._waiters is None
        assert other._waiters is None

    async def test_a_wait_for_many_latches_makes_no_task(self) -> None:
        concurrency = AsyncioConcurrency()
        latches: list[Latch] = [AsyncioLatch() for _ in range(100)]
        before = asyncio.all_tasks()
        seen: list[set[asyncio.Task[object]]] = []
        asyncio.get_running_loop().call_soon(lambda: seen.append(asyncio.all_tasks()))
        await concurrency.first_of(latches, SOON)
        assert seen == [before]

    async def test_a_latch_of_another_world_is_a_bug(self) -> None:
        with pytest.raises(TypeError):
            await AsyncioConcurrency().first_of((_Foreign(),), Seconds(1))
