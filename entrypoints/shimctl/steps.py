"""What the commands that change the system share: root, systemd's jobs, and how to end."""

from pathlib import Path
from typing import Final, NoReturn, TypeVar

import click
from returns.result import Failure, Result

from entrypoints import places
from entrypoints.shimctl import containers
from entrypoints.shimctl.installation import mark_of
from entrypoints.systemctl import CommandFailed, run, show, systemctl

# A job of our own units: the service may take TimeoutStartSec=60 and TimeoutStopSec=20.
JOB_WITHIN_S: Final = 90.0
ASK_WITHIN_S: Final = 20.0

_T = TypeVar("_T")


def need_root(what: str, uid: int) -> None:
    """Ends the command unless the user is root."""
    if uid != 0:
        raise click.ClickException(f"{what} needs root: run it with sudo or as root")


def must(outcome: Result[_T, str] | Result[_T, CommandFailed]) -> _T:
    """The value; a failure ends the command with its reason and status 1."""
    if isinstance(outcome, Failure):
        stop(str(outcome.failure()))
    return outcome.unwrap()


def stop(reason: str) -> NoReturn:
    """Ends the command with status 1."""
    raise click.ClickException(reason)


def job(verb: str, *units: str) -> None:
    """`systemctl VERB UNITS`, awaited; a job that fails ends the command with systemd's reason."""
    outcome = systemctl(verb, "--", *units, within_s=JOB_WITHIN_S)
    if isinstance(outcome, Failure):
        reason = outcome.failure().reason
        stop(f"systemctl {verb} {' '.join(units)}: {reason}\n{_journal(units)}".rstrip())


def reload_units() -> None:
    """Lets systemd read the unit files again."""
    must(systemctl("daemon-reload", within_s=JOB_WITHIN_S))


def forget_failures(*units: str) -> None:
    """Clears what `systemctl --failed` would go on to list; units that are gone are no error."""
    systemctl("reset-failed", "--", *units, within_s=ASK_WITHIN_S)


def is_enabled(unit: str) -> bool:
    (properties,) = must(show([unit], ("UnitFileState",), ASK_WITHIN_S))
    return properties.get("UnitFileState", "") not in {"", "disabled"}


def active_state(unit: str) -> str:
    """systemd's ActiveState; `inactive` for a unit that it does not know."""
    (properties,) = must(show([unit], ("ActiveState",), ASK_WITHIN_S))
    return properties.get("ActiveState", "inactive")


def daemon_is_up() -> bool:
    return active_state(places.SERVICE_UNIT) in {"active", "activating", "deactivating"}


def daemons_mark() -> str:
    """The mark that the running daemon was started with; "" if none runs."""
    (properties,) = must(show([places.SERVICE_UNIT], ("MainPID",), ASK_WITHIN_S))
    try:
        environment = Path("/proc", properties.get("MainPID", "0"), "environ").read_text("utf-8")
    except OSError:
        return ""
    return mark_of(environment.replace("\0", "\n"))


def running_containers() -> int:
    """How many containers would be without supervision."""
    found = must(containers.rows())
    return len({(row.namespace, row.container) for row in found if row.is_running})


def _journal(units: tuple[str, ...]) -> str:
    """The last words of the units, for somebody who wonders why a job failed."""
    words = [word for unit in units for word in ("--unit", unit)]
    argv = ("journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=5", *words)
    return run(argv, ASK_WITHIN_S).value_or("")
