"""The units of a container whose daemon is away: read, and made to go."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from returns.result import Failure, Result, Success

from domain.exit_status import NEVER, NS_PER_US, Exit, MainCode, Timestamp, exit_status
from domain.identity import ContainerKey, ProcessKey
from domain.unit_name import EXEC_SUFFIX, INIT_SUFFIX, PREFIX, UnitName, unit_name
from entrypoints.systemctl import CommandFailed, Properties, show, systemctl

_PROPERTIES: Final = (
    "LoadState",
    "InvocationID",
    "ExecMainPID",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainExitTimestamp",
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Unit:
    """One reading of a unit."""

    is_loaded: bool
    invocation: str
    main_pid: int  # of the last main process, also after its end
    exit: Exit | None


NOT_LOADED: Final = Unit(is_loaded=False, invocation="", main_pid=0, exit=None)


def read(unit: UnitName, within_s: float) -> Result[Unit, CommandFailed]:
    """The unit as it is now; NOT_LOADED when systemd does not know it (any more)."""
    match show([unit], _PROPERTIES, within_s):
        case Success([properties]):
            return Success(_unit(properties))
        case Failure(failed):
            return Failure(failed)
        case _:
            return Success(NOT_LOADED)


def execs(owner: ContainerKey, bundle: str, within_s: float) -> Result[list[str], CommandFailed]:
    """The loaded units of this container's execs.

    By working folder, which only this container's units have: the name of a long one does not
    tell whose it is.
    """
    init = unit_name(ProcessKey(owner))
    patterns = [f"{init.removesuffix(INIT_SUFFIX)}-*{EXEC_SUFFIX}", f"{PREFIX}*---*{EXEC_SUFFIX}"]
    found = show(patterns, ("Id", "WorkingDirectory"), within_s)
    return found.map(
        lambda units: sorted(
            {unit["Id"] for unit in units if unit.get("WorkingDirectory", "").lstrip("!") == bundle}
        )
    )


def kill_and_stop(units: list[str], within_s: float) -> Result[str, CommandFailed]:
    """SIGKILL to all that is in the units, then a stop of each, awaited."""
    # Nothing left to kill is an error to systemctl and none to us: the stop tells how it went.
    systemctl("kill", "--signal=KILL", "--", *units, within_s=within_s)
    return systemctl("stop", "--", *units, within_s=within_s)


def forget(units: list[str], within_s: float) -> Result[str, CommandFailed]:
    """Lets go of units that failed, which systemd keeps for somebody to read."""
    return systemctl("reset-failed", "--", *units, within_s=within_s)


def _unit(properties: Properties) -> Unit:
    if properties.get("LoadState") != "loaded":
        return NOT_LOADED
    return Unit(
        is_loaded=True,
        invocation=properties.get("InvocationID", ""),
        main_pid=int(properties.get("ExecMainPID", "0")),
        exit=_exit(properties),
    )


def _exit(properties: Properties) -> Exit | None:
    """The main process's end; ExecMainCode alone says whether there has been one."""
    code = int(properties.get("ExecMainCode", "0"))
    if code == MainCode.NONE:
        return None
    status = exit_status(code, int(properties.get("ExecMainStatus", "0")))
    return Exit(status, _timestamp(properties.get("ExecMainExitTimestamp", "")))


def _timestamp(text: str) -> Timestamp:
    """`Tue 2026-11-24 13:39:16.090146 UTC`; 0 for none."""
    words = text.split()
    if len(words) != 4:
        return NEVER
    try:
        at = datetime.fromisoformat(f"{words[1]}T{words[2]}+00:00")
    except ValueError:
        return NEVER
    return Timestamp((at - _EPOCH) // timedelta(microseconds=1) * NS_PER_US)
