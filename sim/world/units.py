"""The Units port of one incarnation of the shim: the bus between it and systemd."""

from collections.abc import Callable
from typing import Final, TypeVar

from returns.result import Failure, Result, Success

from domain.limits import BUS, Seconds
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.unit import Activity, JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import PREFIX, UnitName
from sim.faults import At, Does
from sim.scheduler import SimLatch, Task
from sim.world.kernel import SIGNAL_MAX
from sim.world.systemd import Systemd
from sim.world.unit import Refused, Unit
from sim.world.world import Lost

T = TypeVar("T")

AWAY: Final = SystemdAway("the bus does not answer")
# As adapters/systemd has it: a call waits so long for a bus that is away, and where no signal
# tells of a job's end the unit is looked at after that time, and then ever more rarely.
PATIENCE_S: Final = 5.0
LOOKS_S: Final = (1.0, 2.0, 4.0, 8.0, 16.0)


class FakeUnits:
    def __init__(self, systemd: Systemd, incarnation: str) -> None:
        self._systemd = systemd
        self._scheduler = systemd.world.scheduler
        self._me = incarnation
        self._tracked: dict[UnitName, None] = {}
        self._hints: dict[UnitName | None, None] = {}
        self._hinted: SimLatch = self._scheduler.latch()
        # The connections that have ended: an answer that comes then has nobody to go to.
        self._lost = 0
        systemd.listeners.append(self)

    def disconnect(self) -> None:
        """This incarnation is dead: its connection and references go."""
        self._systemd.listeners.remove(self)
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
        if await self._signalled(job.done, ends):
            return Success(job.result)
        if not await self._seen_to_be_gone(job.done, ends):
            return Failure(DeadlinePassed("start job", within))
        found = self._systemd.units.get(definition.name)
        active = found is not None and found.activity is Activity.ACTIVE
        return Success(JobResult.DONE if active else JobResult.FAILED)

    async def _signalled(self, done: SimLatch, ends: float) -> bool:
        """Whether a signal says in time that the job is over; it may get lost (F53, F58)."""
        if await self._scheduler.first_of((done,), ends - self._scheduler.now) is None:
            return False
        lost = self._systemd.world.faults.verdict(At.JOB_END) is not None
        return not (lost or self._systemd.bus_is_back)

    async def _seen_to_be_gone(self, done: SimLatch, ends: float) -> bool:
        """Without a signal the job is looked at now and then."""
        for pause in LOOKS_S:
            left = ends - self._scheduler.now
            if left <= 0:
                break
            await self._scheduler.first_of((), min(pause, left))
            if done.is_open and self._systemd.bus_is_back is None:
                return True
        return False

    async def read(
        self, unit: UnitRef
    ) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
        return await self._with(At.UNIT_READ, unit, Unit.state)

    async def kill(
        self, unit: UnitRef, whom: Whom, signal: int
    ) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        if not 0 < signal <= SIGNAL_MAX:
            return Failure(SystemdAway("Signal number out of range."))
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
        if await self._signalled(job.done, ends):
            return Success(job.outcome())
        if not await self._seen_to_be_gone(job.done, ends):
            return Failure(DeadlinePassed("stop job", within))
        found = self._systemd.find(unit)
        over = found is None or found.activity in {Activity.INACTIVE, Activity.FAILED}
        return Success(JobResult.DONE if over else JobResult.CANCELED)

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
        if self._systemd.bus_is_back is not None and not await self._connected(within):
            return AWAY
        lost = self._lost
        answer = await self._systemd.world.post(at, act, within, self._systemd.line)
        if lost != self._lost:
            return AWAY
        match answer:
            case Lost.LATE:
                return DeadlinePassed(at.name, within)
            case Lost():
                return AWAY
            case _:
                return answer

    async def _connected(self, within: Seconds) -> bool:
        back = self._systemd.bus_is_back
        if back is None:
            return True
        return await self._scheduler.first_of((back,), min(within, PATIENCE_S)) is not None

    def changed(self, unit: UnitName) -> None:
        """A signal about the unit is on its way to us."""
        if unit not in self._tracked or self._systemd.bus_is_back is not None:
            return
        faults = self._systemd.world.faults
        if faults.verdict(At.BUS) is not None:
            self.lose_the_bus()
            return
        does = faults.verdict(At.HINT)
        if does not in {Does.NEVER_ARRIVES, Does.LATE}:
            self._hear(unit)
        if does in {Does.LATE, Does.REPEATS}:
            self._scheduler.spawn(f"hint {unit}", self._hear_later(unit), "world")

    async def _hear_later(self, unit: UnitName) -> None:
        """Behind what changes later; by then the name may be another unit's (S21)."""
        await self._scheduler.first_of((), self._systemd.world.faults.lateness())
        if unit in self._tracked:
            self._hear(unit)

    def _hear(self, unit: UnitName | None) -> None:
        self._hints[unit] = None
        self._hinted.open()

    def lose_the_bus(self) -> None:
        """Disconnects and comes back at once: references are taken again, signals were missed."""
        self.go_off()
        self.come_back()

    def go_off(self) -> None:
        """The connection is gone, with the references and with the answers under way (F90)."""
        self._lost += 1
        self._systemd.disconnect(self._me)

    def come_back(self) -> None:
        """References are taken again; whatever signals told meanwhile was missed (S17, S20)."""
        self._systemd.gone.pop(self._me, None)
        for name in self._tracked:
            if name in self._systemd.units:
                self._systemd.units[name].refs[self._me] = None
        self._hear(None)

    def systemd_returns(self) -> None:
        """PID 1 was off the bus: answers under way are lost, references are not (F54)."""
        self._lost += 1
        self._hear(None)
