import asyncio

import pytest

from adapters.systemd.hints import HintQueue
from domain.unit_name import UnitName

pytestmark = pytest.mark.asyncio

A, B = UnitName("a.service"), UnitName("b.service")


async def test_hints_come_in_order_and_each_unit_once() -> None:
    hints = HintQueue()
    for unit in (A, B, A, A, B):
        hints.put(unit)
    assert [await hints.get(), await hints.get()] == [A, B]
    waiting = asyncio.ensure_future(hints.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    hints.put(B)
    assert await waiting == B


async def test_any_of_them_makes_single_ones_superfluous() -> None:
    hints = HintQueue()
    hints.put(A)
    hints.put_all()
    hints.put(B)
    assert await hints.get() is None
    hints.put(B)
    assert await hints.get() == B


async def test_a_discarded_unit_does_not_come() -> None:
    hints = HintQueue()
    hints.put(A)
    hints.put(B)
    hints.discard(A)
    hints.discard(A)
    assert await hints.get() == B


async def test_a_wait_that_is_given_up_loses_no_hint() -> None:
    hints = HintQueue()
    waiting = asyncio.ensure_future(hints.get())
    await asyncio.sleep(0)
    hints.put(A)
    waiting.cancel()
    await asyncio.sleep(0)
    assert await hints.get() == A
