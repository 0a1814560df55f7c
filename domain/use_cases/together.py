"""Several steps beside each other, for a rule that needs all of them done."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from domain.shim import Shim

T = TypeVar("T")


async def together(shim: Shim, steps: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """The outcomes in the order of the steps. Each step has a limit of its own."""
    works = [shim.ports.concurrency.spawn("one of several", step) for step in steps]
    for work in works:
        await shim.ports.concurrency.first_of((work.done,), None)
    return [work.outcome() for work in works]
