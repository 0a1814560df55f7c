"""The Units port of one incarnation of the shim: the bus between it and systemd."""

from returns.result import Failure, Result, Success

from domain.limits import BUS, Seconds
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.unit import JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import PREFIX, UnitName
from sim.faults import At, Does
from sim.scheduler import SimLatch
from sim.world.systemd import Systemd, Unit

AWAY = SystemdAway("the bus does not answer")


class FakeUnits:
    def __init__(self, systemd: Systemd, incarnation: str) -> None:
        self._systemd = systemd
        self._me = incarnation
        self._tracked: dict[UnitName, None] = {}
        self._hints: dict[UnitName | None, None] = {}
        self._hinted: SimLatch = systemd.world.scheduler.latch()
        systemd.listeners.append(self._changed)

    def disconnect(self) -> None:
        """This incarnation is dead: its connection and references go."""
        self._systemd.listeners.remove(self._changed)
        self._systemd.disconnect(self._me)

    async def start(
        self, definition: UnitDefinition, within: Seconds
    ) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
        self._tracked[definition.name] = None
        does = await self._systemd.world.reach(At.UNIT_START)
        if does is Does.FAILS_BEFORE:
            return Failure(AWAY)
        job = self._systemd.start(definition, self._me)
        if job is None:
            return Failure(UnitExists(definition.name))
        if does is Does.FAILS_AFTER:
            return Failure(AWAY)
        if await self._systemd.world.scheduler.first_of((job.done,), within) is None:
            return Failure(DeadlinePassed("start job", within))
        return Success(job.result)

    async def read(
        self, unit: UnitRef
    ) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
        outcome = await self._reach(At.UNIT_READ, unit, BUS)
        return outcome.map(lambda found: found.state())

    async def kill(
        self, unit: UnitRef, whom: Whom, signal: int
    ) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        outcome = await self._reach(At.UNIT_KILL, unit, BUS)
        return outcome.map(lambda found: self._systemd.kill(found, whom, signal))

    async def stop(
        self, unit: UnitRef, within: Seconds
    ) -> Result[JobResult, NoSuchUnit | SystemdAway | DeadlinePassed]:
        does = await self._systemd.world.reach(At.UNIT_STOP)
        if does is Does.FAILS_BEFORE:
            return Failure(AWAY)
        found = self._systemd.find(unit)
        if found is None:
            return Failure(NoSuchUnit(unit.name))
        job = self._systemd.world.scheduler.spawn(
            f"stop {unit.name}", self._systemd.stop(found), "world"
        )
        if does is Does.FAILS_AFTER:
            return Failure(AWAY)
        if await self._systemd.world.scheduler.first_of((job.done,), within) is None:
            return Failure(DeadlinePassed("stop job", within))
        return Success(job.outcome())

    async def release(self, unit: UnitRef) -> Result[None, SystemdAway | DeadlinePassed]:
        outcome = await self._reach(At.UNIT_RELEASE, unit, BUS)
        match outcome:
            case Success(found):
                self._systemd.reset_failed(found)
                self._systemd.unref(found, self._me)
            case Failure(NoSuchUnit()):
                pass
            case Failure(why):
                return Failure(why)
        self._tracked.pop(unit.name, None)
        return Success(None)

    async def adopt(self, unit: UnitRef) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        self._tracked[unit.name] = None
        outcome = await self._reach(At.UNIT_ADOPT, unit, BUS)
        return outcome.map(lambda found: found.refs.update({self._me: None}))

    async def ours(self) -> Result[tuple[UnitName, ...], SystemdAway | DeadlinePassed]:
        does = await self._systemd.world.reach(At.UNIT_LIST)
        if does is Does.FAILS_BEFORE:
            return Failure(AWAY)
        return Success(tuple(name for name in self._systemd.units if name.startswith(PREFIX)))

    async def hint(self) -> UnitName | None:
        while not self._hints:
            await self._systemd.world.scheduler.first_of((self._hinted,), None)
        hint = next(iter(self._hints))
        del self._hints[hint]
        if not self._hints:
            self._hinted = self._systemd.world.scheduler.latch()
        return hint

    async def _reach(
        self, at: At, unit: UnitRef, within: Seconds
    ) -> Result[Unit, NoSuchUnit | SystemdAway | DeadlinePassed]:
        world = self._systemd.world
        begun = world.scheduler.now
        does = await world.reach(at)
        if world.scheduler.now - begun > within:
            return Failure(DeadlinePassed(at.name, within))
        if does is Does.FAILS_BEFORE:
            return Failure(AWAY)
        found = self._systemd.find(unit)
        return Failure(NoSuchUnit(unit.name)) if found is None else Success(found)

    def _changed(self, unit: UnitName) -> None:
        if unit not in self._tracked:
            return
        if self._systemd.world.faults.verdict(At.HINT) is Does.NEVER_ARRIVES:
            return
        self._hints[unit] = None
        self._hinted.open()

    def lose_the_bus(self) -> None:
        """Disconnects and comes back at once: references are taken again, signals were missed."""
        self._systemd.disconnect(self._me)
        for name in self._tracked:
            if name in self._systemd.units:
                self._systemd.units[name].refs[self._me] = None
        self._hints[None] = None
        self._hinted.open()
