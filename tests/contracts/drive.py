"""How a contract suite gets a port's coroutine done: the suite itself knows no event loop.

A fake yields to the simulator's scheduler, an adapter to asyncio; each test class gives the
fixture `drive` that fits (for adapters: `run` of one `asyncio.Runner` for the whole test).
"""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Drive(Protocol):
    def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...
