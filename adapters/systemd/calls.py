"""systemd's bus interface as calls, its error names as meanings (org.freedesktop.systemd1(5))."""

from typing import Any, Final

from adapters.systemd.bus import BusGone, Call, CallRefused
from domain.refusal import DeadlinePassed, SystemdAway
from domain.unit import InvocationId
from domain.unit_name import UNIT_PATH, UnitName, object_path

NAME: Final = "org.freedesktop.systemd1"
MANAGER_PATH: Final = "/org/freedesktop/systemd1"
MANAGER: Final = f"{NAME}.Manager"
UNIT: Final = f"{NAME}.Unit"
SERVICE: Final = f"{NAME}.Service"
JOB: Final = f"{NAME}.Job"
PROPERTIES: Final = "org.freedesktop.DBus.Properties"

UNIT_EXISTS: Final = f"{NAME}.UnitExists"
# Nobody left to be signalled.
NO_PROCESS: Final = f"{NAME}.NoSuchProcess"
# The unit, or this incarnation of it, is not loaded (any more).
NO_UNIT: Final = frozenset(
    {
        f"{NAME}.NoSuchUnit",
        f"{NAME}.NoUnitForInvocationID",
        "org.freedesktop.DBus.Error.UnknownObject",
    }
)
# Not systemd's words but the bus's: nobody has its name, or it was gone before it answered
# (F54, F55, F87). LimitsExceeded: too many calls without an answer, PID 1 is stuck (F89).
_AWAY: Final = frozenset(
    f"org.freedesktop.DBus.Error.{name}"
    for name in (
        "Disconnected",
        "LimitsExceeded",
        "NameHasNoOwner",
        "NoReply",
        "NoServer",
        "ServiceUnknown",
        "TimedOut",
        "Timeout",
    )
)
_AWAY_ACTIVATION: Final = "org.freedesktop.DBus.Error.Spawn."


def manager_call(member: str, signature: str = "", *body: Any) -> Call:
    return Call(NAME, MANAGER_PATH, MANAGER, member, signature, body)


def unit_call(path: str, member: str, signature: str = "", *body: Any) -> Call:
    return Call(NAME, path, UNIT, member, signature, body)


def get(path: str, interface: str, name: str) -> Call:
    """Reads one property."""
    return Call(NAME, path, PROPERTIES, "Get", "ss", (interface, name))


def daemon_call(member: str, rule: str) -> Call:
    """AddMatch and RemoveMatch of the bus itself."""
    daemon = "org.freedesktop.DBus"
    return Call(daemon, "/org/freedesktop/DBus", daemon, member, "s", (rule,))


def incarnation_path(invocation: InvocationId) -> str:
    """One incarnation as an object: nothing is loaded by asking, and yesterday's is an error.

    Tried on systemd 252, 257 and 262: properties, Kill, Stop, Ref, Unref, ResetFailed.
    """
    return UNIT_PATH + invocation


def named_path(name: UnitName) -> str:
    """The unit of this name; asking for one that is not loaded makes systemd load it (F97)."""
    return object_path(name)


def away(failure: CallRefused | BusGone | DeadlinePassed) -> SystemdAway | DeadlinePassed | None:
    """The failure, if it says nothing of what was asked; None if systemd itself refused."""
    match failure:
        case BusGone(why):
            return SystemdAway(why)
        case DeadlinePassed():
            return failure
        case CallRefused(name, text) if name in _AWAY or name.startswith(_AWAY_ACTIVATION):
            return SystemdAway(f"{name}: {text}")
        case _:
            return None


def bewildered(failure: CallRefused | BusGone | DeadlinePassed) -> SystemdAway | DeadlinePassed:
    """For an answer that fits nothing we know of: the caller looks again later."""
    match failure:
        case CallRefused(name, text):
            return SystemdAway(f"{name}: {text}")
        case BusGone(why):
            return SystemdAway(why)
        case DeadlinePassed():
            return failure
