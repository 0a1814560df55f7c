"""Rules that run on their client's time: what it does not wait for is never sent."""

from dataclasses import dataclass, replace

from returns.result import Result, Success

from domain.caller import Caller
from domain.limits import Seconds
from domain.ports.units import Units
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.shim import Shim
from domain.unit import JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName


def on_the_time_of(caller: Caller, shim: Shim) -> Shim:
    """The same shim, but every call to systemd shares its caller's context."""
    return replace(shim, ports=replace(shim.ports, units=_Impatient(shim.ports.units, caller)))


@dataclass(frozen=True, slots=True)
class _Impatient(Units):
    """Who ends something does not look whether that was done, so it is told that it was."""

    units: Units
    caller: Caller

    async def start(
        self, definition: UnitDefinition, within: Seconds
    ) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
        return await self.units.start(definition, within)

    async def read(
        self, unit: UnitRef
    ) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return await self.units.read(unit)

    async def kill(
        self, unit: UnitRef, whom: Whom, signal: int
    ) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return Success(None) if self._is_late else await self.units.kill(unit, whom, signal)

    async def stop(
        self, unit: UnitRef, within: Seconds
    ) -> Result[JobResult, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return Success(JobResult.DONE) if self._is_late else await self.units.stop(unit, within)

    async def release(self, unit: UnitRef) -> Result[None, SystemdAway | DeadlinePassed]:
        return Success(None) if self._is_late else await self.units.release(unit)

    async def adopt(self, unit: UnitRef) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return await self.units.adopt(unit)

    async def ours(self) -> Result[tuple[UnitName, ...], SystemdAway | DeadlinePassed]:
        return await self.units.ours()

    async def hint(self) -> UnitName | None:
        return await self.units.hint()

    @property
    def _is_late(self) -> bool:
        return self.caller.gone.is_open
