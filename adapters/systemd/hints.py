"""Where changed units queue up until somebody looks at them."""

import asyncio

from domain.unit_name import UnitName


class HintQueue:
    """Each unit once; "any of them" makes all single ones superfluous. So it is never longer
    than the number of tracked units, however fast signals come (L12)."""

    def __init__(self) -> None:
        self._all = False
        self._units: dict[UnitName, None] = {}
        self._any = asyncio.Event()

    def put(self, unit: UnitName) -> None:
        if not self._all:
            self._units[unit] = None
        self._any.set()

    def put_all(self) -> None:
        self._all = True
        self._units.clear()
        self._any.set()

    def discard(self, unit: UnitName) -> None:
        """Nobody is interested in it any more."""
        self._units.pop(unit, None)

    async def get(self) -> UnitName | None:
        """Waits for the oldest one; without a deadline, since silence is the normal state."""
        while True:
            await self._any.wait()
            if self._all:
                self._all = False
                return None
            if self._units:
                unit = next(iter(self._units))
                del self._units[unit]
                return unit
            self._any.clear()
