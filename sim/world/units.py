"""The Units port of one incarnation of the shim: the bus between it and systemd."""

from collections.abc import Callable
from typing import Final, TypeVar

from returns.result import Failure, Result, Success

from domain.limits import BUS, Seconds
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.unit import JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import PREFIX, UnitName
from sim.faults import At, Does
from sim.scheduler import SimLatch, Task
from sim.world.systemd import Refused, Systemd, Unit
from sim.world.world import Lost

T = TypeVar("T")

AWAY: Final = SystemdAway("the bus does not answer")


class FakeUnits:
    def __init__(self, systemd: Systemd, incarnation: str) -> None:
        self._systemd = systemd
        self._scheduler = systemd.world.scheduler
        self._me = incarnation
        self._tracked: dict[UnitName, None] = {}
        self._hints: dict[UnitName | None, None] = {}
        self._hinted: SimLatch = self._scheduler.latch()
        systemd.listeners.append(self._changed)

    def disconnect(self) -> None:
        """This incarnation is dead: its connection and references go."""
        self._systemd.listeners.remove(self._changed)
        self._systemd.disconnect(self._me)

    async def start(
        self, definition: UnitDefinition, within: Seconds
    ) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
        self._tracked[definition.name] = None
        ends = self._scheduler.now + within
        job = await self._ask(
            At.UNIT_START, within, lambda: self._systemd.start(definition, self._me)
        )
        match job:
            case Refused.EXISTS:
                return Failure(UnitExists(definition.name))
            case Refused.DESTRUCTIVE:
                return Failure(UnitFailed(definition.name, "Transaction is destructive"))
            case SystemdAway() | DeadlinePassed():
                return Failure(job)
        left = ends - self._scheduler.now
        if await self._scheduler.first_of((job.done,), left) is None:
            return Failure(DeadlinePassed("start job", within))
        return Success(job.result)

    async def read(
        self, unit: UnitRef
    ) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return await self._with(At.UNIT_READ, unit, Unit.state)

    async def kill(
        self, unit: UnitRef, whom: Whom, signal: int
    ) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return await self._with(
            At.UNIT_KILL, unit, lambda found: self._systemd.kill(found, whom, signal)
        )

    async def stop(
        self, unit: UnitRef, within: Seconds
    ) -> Result[JobResult, NoSuchUnit | SystemdAway | DeadlinePassed]:
        ends = self._scheduler.now + within
        job = await self._ask(At.UNIT_STOP, within, lambda: self._stop(unit))
        match job:
            case SystemdAway() | DeadlinePassed():
                return Failure(job)
            case None:
                return Failure(NoSuchUnit(unit.name))
        if await self._scheduler.first_of((job.done,), ends - self._scheduler.now) is None:
            return Failure(DeadlinePassed("stop job", within))
        return Success(job.outcome())

    def _stop(self, unit: UnitRef) -> Task[JobResult] | None:
        found = self._systemd.find(unit)
        if found is None:
            return None
        return self._scheduler.spawn(f"stop {unit.name}", self._systemd.stop(found), "world")

    async def release(self, unit: UnitRef) -> Result[None, SystemdAway | DeadlinePassed]:
        outcome = await self._with(At.UNIT_RELEASE, unit, self._release)
        match outcome:
            case Failure(NoSuchUnit()):
                if unit.name not in self._systemd.units:
                    self._tracked.pop(unit.name, None)
                return Success(None)
            case Failure(why):
                return Failure(why)
        self._tracked.pop(unit.name, None)
        return Success(None)

    def _release(self, found: Unit) -> None:
        self._systemd.released[found.invocation] = None
        self._systemd.reset_failed(found)
        self._systemd.unref(found, self._me)

    async def adopt(self, unit: UnitRef) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        self._tracked[unit.name] = None
        return await self._with(
            At.UNIT_ADOPT, unit, lambda found: self._systemd.ref(found, self._me)
        )

    async def ours(self) -> Result[tuple[UnitName, ...], SystemdAway | DeadlinePassed]:
        names = await self._ask(At.UNIT_LIST, BUS, lambda: tuple(self._systemd.units))
        if isinstance(names, SystemdAway | DeadlinePassed):
            return Failure(names)
        return Success(tuple(name for name in names if name.startswith(PREFIX)))

    async def hint(self) -> UnitName | None:
        while not self._hints:
            await self._scheduler.first_of((self._hinted,), None)
        hint = next(iter(self._hints))
        del self._hints[hint]
        if not self._hints:
            self._hinted = self._scheduler.latch()
        return hint

    async def _with(
        self, at: At, unit: UnitRef, act: Callable[[Unit], T]
    ) -> Result[T, NoSuchUnit | SystemdAway | DeadlinePassed]:
        """Something that is done with a loaded unit, when the call arrives."""

        def on_it() -> Result[T, NoSuchUnit]:
            found = self._systemd.find(unit)
            return Failure(NoSuchUnit(unit.name)) if found is None else Success(act(found))

        answer = await self._ask(at, BUS, on_it)
        return Failure(answer) if isinstance(answer, SystemdAway | DeadlinePassed) else answer

    async def _ask(
        self, at: At, within: Seconds, act: Callable[[], T]
    ) -> T | SystemdAway | DeadlinePassed:
        answer = await self._systemd.world.post(at, act, within, self._systemd.line)
        match answer:
            case Lost.LATE:
                return DeadlinePassed(at.name, within)
            case Lost():
                return AWAY
            case _:
                return answer

    def _changed(self, unit: UnitName) -> None:
        if unit not in self._tracked:
            return
        faults = self._systemd.world.faults
        if faults.verdict(At.BUS) is not None:
            self.lose_the_bus()
        elif faults.verdict(At.HINT) is not Does.NEVER_ARRIVES:
            self._hints[unit] = None
            self._hinted.open()

    def lose_the_bus(self) -> None:
        """Disconnects and comes back at once: references are taken again, signals were missed."""
        self._systemd.disconnect(self._me)
        del self._systemd.gone[self._me]
        for name in self._tracked:
            if name in self._systemd.units:
                self._systemd.units[name].refs[self._me] = None
        self._hints[None] = None
        self._hinted.open()
