"""The `Units` port on the system bus: systemd's answers, its signals only as hints."""

import asyncio
from typing import Final, Self

from returns.result import Failure, Result, Success

from adapters.systemd import calls
from adapters.systemd.bus import SYSTEM_BUS, Answer, Bus, BusGone, Call, CallRefused, Signal
from adapters.systemd.hints import HintQueue
from adapters.systemd.job_end import Job, JobKind, job_end
from adapters.systemd.jobs import Jobs
from adapters.systemd.link import PATIENCE, PAUSE_MIN_S, Link, deadline_after, remaining
from adapters.systemd.properties import START_SIGNATURE, start_arguments, unfit_text
from adapters.systemd.reading import current_invocation, invocation_begun, read_unit
from adapters.systemd.tracking import Tracking
from domain import limits
from domain.limits import Seconds
from domain.outcome import failed
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.unit import InvocationId, JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import PREFIX, UnitName, unit_at

# Jobs are few and small, and one rule for all of them is cheaper than two more messages for
# each start and stop.
_JOBS: Final = (
    f"type='signal',sender='{calls.NAME}',path='{calls.MANAGER_PATH}',"
    f"interface='{calls.MANAGER}',member='JobRemoved'"
)
# systemd leaves the bus and comes back on daemon-reexec; signals in between are lost (F54, F56).
_RETURN: Final = (
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    f"member='NameOwnerChanged',arg0='{calls.NAME}'"
)

_Over = SystemdAway | DeadlinePassed
_Refused = NoSuchUnit | SystemdAway | DeadlinePassed


class SystemdUnits:
    """Use as `async with`. References that are held die with it, as with the daemon (F46)."""

    def __init__(self, socket_path: str = SYSTEM_BUS, patience: Seconds = PATIENCE) -> None:
        """`patience`: how long a call waits for a connection that is down, and a reading for
        a systemd that has left it, before SystemdAway."""
        self._patience = patience
        self._tracking = Tracking()
        self._jobs = Jobs()
        self._hints = HintQueue()
        self._link = Link(self._heard, self._prepare, socket_path, patience)
        self._was_up = False

    async def __aenter__(self) -> Self:
        await self._link.__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._link.__aexit__(*exc)

    async def start(
        self, definition: UnitDefinition, within: Seconds
    ) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
        unit, deadline = definition.name, deadline_after(within)
        if (text := unfit_text(definition)) is not None:
            return Failure(UnitFailed(unit, f"cannot be said over D-Bus: {text!r}"))
        arguments = start_arguments(definition)
        call = calls.manager_call("StartTransientUnit", START_SIGNATURE, *arguments)
        match await self._link.up(within):
            case Success(bus):
                return await self._start(bus, unit, call, deadline)
            case failed:
                return Failure(failed.failure())

    async def read(self, unit: UnitRef) -> Result[UnitState, _Refused]:
        deadline = deadline_after(limits.BUS)
        known = self._tracking.known(unit)
        match await self._read(known, deadline):
            case Failure(NoSuchUnit()) if known != unit:
                return await self._read(unit, deadline)  # somebody started the name again
            case seen:
                return seen

    async def _read(self, unit: UnitRef, deadline: float) -> Result[UnitState, _Refused]:
        """Only asked, so it can be asked again: on the next connection, or when systemd is back
        on this one (daemon-reexec, F54)."""
        state = await self._read_once(unit, deadline)
        patience = min(deadline, deadline_after(self._patience))
        while failed(state) and isinstance(state.failure(), SystemdAway) and remaining(patience):
            # Tried, not waited for: NameOwnerChanged tells that it is back, but not of a lost
            # connection, nor of a refusal for another reason.
            await asyncio.sleep(PAUSE_MIN_S)
            state = await self._read_once(unit, deadline)
        return state

    async def _read_once(self, unit: UnitRef, deadline: float) -> Result[UnitState, _Refused]:
        match await self._incarnation(unit, deadline):
            case Success((bus, invocation)):
                state = await read_unit(bus, unit.name, invocation, deadline)
            case away:
                return Failure(away.failure())
        if not failed(state):
            self._tracking.note(state.unwrap())
        return state

    async def kill(self, unit: UnitRef, whom: Whom, signal: int) -> Result[None, _Refused]:
        if unit.invocation is None:
            call = calls.manager_call("KillUnit", "ssi", unit.name, whom.value, signal)
        else:
            path = calls.incarnation_path(unit.invocation)
            call = calls.unit_call(path, "Kill", "si", whom.value, signal)
        match await self._ask(call):
            case Success(_) | Failure(CallRefused(calls.NO_PROCESS, _)):
                return Success(None)
            case Failure(failure):
                return Failure(_missing(unit.name, failure))
            case _:
                raise AssertionError

    async def stop(self, unit: UnitRef, within: Seconds) -> Result[JobResult, _Refused]:
        deadline = deadline_after(within)
        tracked = self._tracking.find(unit.name)
        if tracked is not None and tracked.has_ended:
            # Four signals, each with all properties, of a unit whose end is known.
            self._tracking.deafen(unit.name, self._link.bus)
        if unit.invocation is None:
            call = calls.manager_call("StopUnit", "ss", unit.name, "replace")
        else:
            path = calls.incarnation_path(unit.invocation)
            call = calls.unit_call(path, "Stop", "s", "replace")
        with self._jobs.watch(unit.name) as watch:
            match await self._ask(call, deadline):
                case Success([path]):
                    job = Job(JobKind.STOP, unit.name, path)
                    return await job_end(self._link, watch, job, deadline)
                case Failure(failure):
                    return Failure(_missing(unit.name, failure))
                case _:
                    raise AssertionError

    async def release(self, unit: UnitRef) -> Result[None, _Over]:
        if self._tracking.is_of(unit):
            self._tracking.end(unit.name, self._link.bus)
            self._hints.discard(unit.name)
        if unit.invocation is None:
            forget = calls.manager_call("ResetFailedUnit", "s", unit.name)
            unref = calls.manager_call("UnrefUnit", "s", unit.name)
        else:
            path = calls.incarnation_path(unit.invocation)
            forget = calls.unit_call(path, "ResetFailed")
            unref = calls.unit_call(path, "Unref")
        match await self._link.up(limits.BUS):
            case Success(bus):
                answers = await bus.call_all((forget, unref), limits.BUS)
            case failed:
                return Failure(failed.failure())
        for answer in answers:
            # Whatever systemd refuses here is gone already, or never was referenced by us.
            match answer:
                case Failure(failure) if (over := calls.away(failure)) is not None:
                    return Failure(over)
        return Success(None)

    async def adopt(self, unit: UnitRef) -> Result[None, _Refused]:
        deadline = deadline_after(limits.BUS)
        match await self._incarnation(unit, deadline):
            case Success((bus, invocation)):
                pass
            case failed:
                return Failure(failed.failure())
        was_tracked = unit.name in self._tracking
        self._tracking.begin(unit.name, invocation)
        self._tracking.listen(unit.name, bus)
        path = calls.incarnation_path(invocation)
        match await bus.call(calls.unit_call(path, "Ref"), remaining(deadline)):
            case Success(_):
                if was_tracked:
                    # References count, and one release is to give all of them back (S17).
                    bus.post(calls.unit_call(path, "Unref"))
                return Success(None)
            case Failure(failure):
                if calls.away(failure) is None and not was_tracked:
                    self._tracking.end(unit.name, self._link.bus)
                return Failure(_missing(unit.name, failure))
            case _:
                raise AssertionError

    async def ours(self) -> Result[tuple[UnitName, ...], _Over]:
        call = calls.manager_call("ListUnitsByPatterns", "asas", [], [f"{PREFIX}*.service"])
        match await self._ask(call):
            case Success([units]):
                # A stub without a definition is what asking for a unit leaves for a moment.
                return Success(tuple(UnitName(row[0]) for row in units if row[2] == "loaded"))
            case Failure(failure):
                return Failure(calls.bewildered(failure))
            case _:
                raise AssertionError

    async def hint(self) -> UnitName | None:
        return await self._hints.get()

    async def _start(
        self, bus: Bus, unit: UnitName, call: Call, deadline: float
    ) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
        was_tracked = unit in self._tracking
        self._tracking.begin(unit, None)
        with self._jobs.watch(unit) as watch:
            match await bus.call(call, remaining(deadline)):
                case Success([path]):
                    # While the job runs: who reads the unit after it need not ask for it first.
                    self._tracking.started(unit, await invocation_begun(bus, unit, deadline))
                    job = Job(JobKind.START, unit, path)
                    ended = await job_end(self._link, watch, job, deadline)
                case Failure(failure) if calls.away(failure) is None:
                    if not was_tracked:
                        self._tracking.end(unit, self._link.bus)
                    return Failure(_not_started(unit, failure))
                case Failure(failure):
                    ended = Failure(calls.bewildered(failure))
                case _:
                    raise AssertionError
        # Only now: until the job's end ten signals would say nothing that its result does not.
        # Whatever happened since then is for whoever follows this hint.
        if self._link.bus is not None:
            self._tracking.listen(unit, self._link.bus)
        self._hints.put(unit)
        return ended

    async def _ask(self, call: Call, deadline: float | None = None) -> Answer:
        within = limits.BUS if deadline is None else remaining(deadline)
        match await self._link.up(within):
            case Success(bus):
                answer: Answer = await bus.call(call, within)
                return answer
            case failed:
                return Failure(BusGone(failed.failure().why))

    async def _incarnation(
        self, unit: UnitRef, deadline: float
    ) -> Result[tuple[Bus, InvocationId], _Refused]:
        match await self._link.up(remaining(deadline)):
            case Success(bus):
                pass
            case failed:
                return Failure(failed.failure())
        if unit.invocation is not None:
            return Success((bus, unit.invocation))
        found = await current_invocation(bus, unit.name, deadline)
        return found.map(lambda invocation: (bus, invocation))

    async def _prepare(self, bus: Bus) -> bool:
        """Subscribes and takes all references again before anybody looks (S17, S20)."""
        for rule in (_JOBS, _RETURN):
            bus.post(calls.daemon_call("AddMatch", rule))
        version = calls.get(calls.MANAGER_PATH, calls.MANAGER, "Version")
        answers = await bus.call_all((version, *self._tracking.restore(bus)), limits.BUS)
        for answer in answers:
            # A unit that is gone is refused, which its next reading tells.
            match answer:
                case Failure(failure) if calls.away(failure) is not None:
                    return False
        if self._was_up:
            self._look_at_all()
        self._was_up = True
        return True

    def _heard(self, signal: Signal) -> None:
        match signal.member:
            case "PropertiesChanged":
                unit = unit_at(signal.path)
                if unit is not None and unit in self._tracking:
                    self._hints.put(unit)
            case "JobRemoved":
                self._jobs.removed(signal.body)
            case "NameOwnerChanged" if signal.body[2]:
                self._look_at_all()

    def _look_at_all(self) -> None:
        self._jobs.look_again()
        self._hints.put_all()


def _not_started(
    unit: UnitName, failure: CallRefused | BusGone | DeadlinePassed
) -> UnitExists | UnitFailed:
    match failure:
        case CallRefused(calls.UNIT_EXISTS, _):
            return UnitExists(unit)
        case CallRefused(name, text):
            return UnitFailed(unit, f"{name}: {text}")
        case _:
            raise AssertionError(failure)


def _missing(unit: UnitName, failure: CallRefused | BusGone | DeadlinePassed) -> _Refused:
    match failure:
        case CallRefused(name, _) if name in calls.NO_UNIT:
            return NoSuchUnit(unit)
        case _:
            return calls.bewildered(failure)
