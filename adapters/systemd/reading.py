"""One reading of a unit: a batch of property reads, put together so that it cannot lie."""

from collections.abc import Sequence
from typing import Any, Final

from returns.result import Failure, Result, Success

from adapters.systemd import calls
from adapters.systemd.bus import Bus, CallRefused
from adapters.systemd.link import remaining
from domain.exit_status import MainCode
from domain.identity import NO_PID, Pid
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway
from domain.unit import Activity, InvocationId, UnitRef, UnitState
from domain.unit_name import UnitName

# systemd answers one read after another and the unit goes on meanwhile, so the order counts:
# what happens first is read last. An end of the main process may be seen in a unit that was
# active a moment before, but never a unit that is over without the end that it had; and once
# the code is there, status and time are final. A pid that was read before the end it met is
# nobody's any more, and is not told.
_FIELDS: Final = (
    (calls.UNIT, "ActiveState"),
    (calls.SERVICE, "MainPID"),
    (calls.SERVICE, "ExecMainCode"),
    (calls.SERVICE, "ExecMainStatus"),
    (calls.SERVICE, "ExecMainExitTimestamp"),
)
# ActiveState has more values than matter here; all of these run or are about to.
_ACTIVITIES: Final = {activity.value: activity for activity in Activity} | {
    "reloading": Activity.ACTIVE,
    "refreshing": Activity.ACTIVE,
    "maintenance": Activity.STOPPING,
}

_Refused = NoSuchUnit | SystemdAway | DeadlinePassed


async def read_unit(
    bus: Bus, name: UnitName, invocation: InvocationId, deadline: float
) -> Result[UnitState, _Refused]:
    """This incarnation as it is now; the loop's time `deadline` bounds it."""
    path = calls.incarnation_path(invocation)
    answers = await bus.call_all(
        [calls.get(path, interface, field) for interface, field in _FIELDS], remaining(deadline)
    )
    values: list[Any] = []
    for answer in answers:
        match answer:
            case Success([value]):
                values.append(value.value)
            case Failure(CallRefused(error, _)) if error in calls.NO_UNIT:
                return Failure(NoSuchUnit(name))
            case Failure(failure):
                return Failure(calls.bewildered(failure))
    return Success(put_together(UnitRef(name, invocation), values))


def put_together(unit: UnitRef, values: Sequence[Any]) -> UnitState:
    """What the values of `_FIELDS` say of one moment, although each was read at its own."""
    active_state, main_pid, code, status, exited_at_us = values
    pid = Pid(main_pid) if code == MainCode.NONE else NO_PID
    return UnitState(unit, _ACTIVITIES[active_state], pid, code, status, exited_at_us)


async def current_invocation(
    bus: Bus, name: UnitName, deadline: float
) -> Result[InvocationId, _Refused]:
    """Which incarnation has the name now."""
    match await _property_by_name(bus, name, "InvocationID", deadline):
        case Success(invocation):
            text = bytes(invocation).hex()
            return Success(InvocationId(text)) if text else Failure(NoSuchUnit(name))
        case failed:
            return Failure(failed.failure())


async def invocation_begun(bus: Bus, name: UnitName, deadline: float) -> InvocationId | None:
    """Of a unit that was just started, with a reference: that keeps it loaded, so that asking
    by its name loads nothing. None: the job has not begun yet, or nobody answers."""
    call = calls.get(calls.named_path(name), calls.UNIT, "InvocationID")
    match await bus.call(call, remaining(deadline)):
        case Success([invocation]):
            return InvocationId(bytes(invocation.value).hex()) or None
        case _:
            return None


async def current_activity(
    bus: Bus, name: UnitName, deadline: float
) -> Result[Activity | None, SystemdAway | DeadlinePassed]:
    """What the unit of this name is at now; None if it is not loaded."""
    match await _property_by_name(bus, name, "ActiveState", deadline):
        case Success(state):
            return Success(_ACTIVITIES[state])
        case Failure(NoSuchUnit()):
            return Success(None)
        case Failure(failure):
            return Failure(failure)
        case _:
            raise AssertionError


async def _property_by_name(
    bus: Bus, name: UnitName, field: str, deadline: float
) -> Result[Any, _Refused]:
    """Asks by GetUnit first, which loads nothing (F97).

    A unit that is collected between the two calls is loaded again for a moment, inactive and
    without invocation; one that we hold a reference to cannot be.
    """
    value: Any = None
    for call in (
        calls.manager_call("GetUnit", "s", name),
        calls.get(calls.named_path(name), calls.UNIT, field),
    ):
        match await bus.call(call, remaining(deadline)):
            case Success([answer]):
                value = answer
            case Failure(CallRefused(error, _)) if error in calls.NO_UNIT:
                return Failure(NoSuchUnit(name))
            case Failure(failure):
                return Failure(calls.bewildered(failure))
    return Success(value.value)
