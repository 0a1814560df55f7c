"""Keeps a connection to the message bus up, and says when there is a new one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Self

from returns.result import Failure, Result, Success

from adapters.systemd.bus import SYSTEM_BUS, Bus, Signal
from domain import limits
from domain.limits import Seconds
from domain.refusal import SystemdAway

# `systemctl restart dbus` takes some 100 ms; a bus that is really away must not be hammered.
PAUSE_MIN_S: Final = 0.05
PAUSE_MAX_S: Final = 5.0
# A call that finds the connection down waits for the next one so long at most: longer than a
# restart of the bus, shorter than a client's patience.
PATIENCE: Final = Seconds(5)


class Link:
    """One connection at a time, owned here; use as `async with`.

    `prepare` is called with each new connection before anybody else gets it, and answers
    whether it is fit for use: subscribe first, then look (S20).
    """

    def __init__(
        self,
        on_signal: Callable[[Signal], None],
        prepare: Callable[[Bus], Awaitable[bool]],
        socket_path: str = SYSTEM_BUS,
        patience: Seconds = PATIENCE,
    ) -> None:
        self._patience = patience
        self._on_signal = on_signal
        self._prepare = prepare
        self._socket_path = socket_path
        self._bus: Bus | None = None
        self._up = asyncio.Event()
        self._why = "not connected yet"
        self._keeper: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name="bus-keeper")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    @property
    def bus(self) -> Bus | None:
        """The connection, if one is up now."""
        return self._bus

    async def up(self, within: float) -> Result[Bus, SystemdAway]:
        """The connection that is up, or the next one, if it comes soon enough."""
        try:
            async with asyncio.timeout(min(within, self._patience)):
                while self._bus is None or self._bus.is_gone:
                    self._up.clear()
                    await self._up.wait()
        except TimeoutError:
            return Failure(SystemdAway(self._why))
        return Success(self._bus)

    async def _keep(self) -> None:
        pause = PAUSE_MIN_S
        while True:
            connected = await Bus.connect(self._on_signal, limits.BUS, self._socket_path)
            match connected:
                case Success(bus):
                    if await self._serve(bus):
                        pause = PAUSE_MIN_S
                case Failure(failure):
                    self._why = str(failure)
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_MAX_S)

    async def _serve(self, bus: Bus) -> bool:
        """Until the connection is lost; whether it was ever fit for use."""
        try:
            if not await self._prepare(bus):
                self._why = "systemd does not answer on the bus"
                return False
            self._bus = bus
            self._up.set()
            self._why = (await bus.wait_gone()).why
            return True
        finally:
            self._bus = None
            await bus.close()


def remaining(deadline: float) -> Seconds:
    """Seconds until a point in the loop's time; never negative."""
    return Seconds(max(0.0, deadline - asyncio.get_running_loop().time()))


def deadline_after(within: Seconds) -> float:
    """The point in the loop's time when `within` is over."""
    return asyncio.get_running_loop().time() + within
