"""Work in a thread: who is told what when the wait ends early."""

import asyncio
import threading

import pytest
from returns.result import Failure, Success

from adapters.mounts.own_thread import Patience, in_own_thread
from domain.limits import Seconds
from domain.refusal import DeadlinePassed

SOON = Seconds(0.01)
LONG = Seconds(30)


def test_the_answer_of_the_work_is_the_answer() -> None:
    assert asyncio.run(in_own_thread("sum", LONG, lambda _: 1 + 1)) == Success(2)


def test_a_bug_in_the_work_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_own_thread("division", LONG, lambda _: 1 // 0))


def test_work_that_is_late_learns_that_nobody_waits() -> None:
    learnt = threading.Event()

    def work(patience: Patience) -> None:
        if patience.lost(within=30) and not patience.answer():
            learnt.set()

    late = asyncio.run(in_own_thread("mount", SOON, work))
    assert late == Failure(DeadlinePassed("mount", SOON))
    assert learnt.wait(30)


def test_work_whose_caller_is_cancelled_learns_it_too() -> None:
    begun, learnt = threading.Event(), threading.Event()

    def work(patience: Patience) -> None:
        begun.set()
        if patience.lost(within=30):
            learnt.set()

    async def cancelled() -> None:
        waiting = asyncio.create_task(in_own_thread("mount", LONG, work))
        await asyncio.to_thread(begun.wait)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(cancelled())
    assert learnt.wait(30)


def test_a_waiter_cannot_leave_once_the_work_counts_as_done() -> None:
    patience = Patience()
    assert patience.answer()
    assert not patience.lose()
    assert not patience.lost()


def test_work_cannot_count_as_done_once_the_waiter_has_left() -> None:
    patience = Patience()
    assert patience.lose()
    assert not patience.answer()
