"""systemd's units and jobs, and the bus between."""

from typing import Any, Final

from returns.result import Failure, Result, Success

from domain.exit_status import MainCode
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.unit import JobResult, UnitRef, UnitState
from domain.unit_definition import UnitDefinition
from domain.use_cases import resync
from sim.bugs.bug import At, Bug, no_step
from sim.world.systemd import Systemd
from sim.world.unit import Unit
from sim.world.units import FakeUnits

_start = FakeUnits.start
_read = FakeUnits.read

# Rules of the adapter, so their replacements stand where its methods do and know its parts.


async def _waits_for_its_job(
    self: Any, definition: UnitDefinition, within: Seconds
) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
    outcome = await _start(self, definition, within)
    match outcome:
        case Failure(SystemdAway()):
            await self._scheduler.first_of((self._scheduler.latch(),), None)
    return outcome


def _without_a_look(self: Any) -> None:
    self._systemd.disconnect(self._me)
    del self._systemd.gone[self._me]
    for name in self._tracked:
        if name in self._systemd.units:
            self._systemd.units[name].refs[self._me] = None


def _stays_failed(self: Any, found: Unit) -> None:
    self._systemd.released[found.invocation] = None
    self._systemd.unref(found, self._me)


async def _as_once_heard(
    self: Any, unit: UnitRef
) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
    outcome = await _read(self, unit)
    former = [
        each
        for each in self._systemd.history
        if each.name == unit.name and each.code is not MainCode.NONE
    ]
    return Success(former[0].state()) if former else outcome


async def _without_a_reference(self: Any, unit: UnitRef) -> Result[None, Any]:
    self._tracked[unit.name] = None
    return Success(None)


BUGS: Final = (
    Bug(
        "waits-for-a-job-that-was-never-made",
        "the call is refused, and its job is waited for all the same",
        "F51",
        (At(FakeUnits, "start", _waits_for_its_job),),
    ),
    Bug(
        "exit-lost-while-the-bus-was-away",
        "after a reconnect nobody looks at what was signalled meanwhile",
        "F92",
        (At(FakeUnits, "lose_the_bus", _without_a_look), At(resync, "look_at", no_step)),
    ),
    Bug(
        "reconnect-without-a-look",
        "after a reconnect the next resync is the first that looks",
        "F92",
        (At(FakeUnits, "lose_the_bus", _without_a_look),),
    ),
    Bug(
        "failed-unit-blocks-its-name",
        "a failed unit is let go of and not reset, so it stays",
        "F47",
        (At(FakeUnits, "_release", _stays_failed),),
    ),
    Bug(
        "stale-signal-of-an-older-unit",
        "what was heard of an earlier unit of that name is taken for news of this one",
        "F54",
        (At(FakeUnits, "read", _as_once_heard),),
    ),
    Bug(
        "unit-collected-before-its-status-was-read",
        "nobody holds a reference, and systemd forgets what is over",
        "F46",
        (At(Systemd, "ref", no_step),),
    ),
    Bug(
        "reference-not-taken-again",
        "references die with the shim's connection, and the next shim takes none",
        "F46",
        (At(FakeUnits, "adopt", _without_a_reference),),
    ),
)
