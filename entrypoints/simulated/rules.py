"""Where the task service's rules run: in the simulated world, as calls of one shim."""

from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from adapters.ttrpc import Call
from domain.caller import Caller
from entrypoints.simulated.clockwork import Clockwork
from sim.incarnation import Incarnation

T = TypeVar("T")


class InTheWorld:
    """The service's Rules."""

    def __init__(self, clockwork: Clockwork, shim: Incarnation) -> None:
        self._clockwork = clockwork
        self._shim = shim

    def caller(self, call: Call) -> Caller:
        """His `gone` is a latch of the world that opens when the connection or deadline ends."""
        caller = self._shim.caller()
        call.gone.on_set(lambda: self._clockwork.open(caller.gone))
        return caller

    def run(self, name: str, rule: Coroutine[Any, Any, T]) -> Awaitable[T]:
        return self._clockwork.call(self._shim, name, rule)
