"""systemd as PID 1, and the bus to it."""

import re
from pathlib import Path
from typing import Final

from returns.result import Failure

from domain.unit_definition import DELEGATE_SUBGROUP_SINCE
from entrypoints.shimctl.checks.finding import Finding, fail, ok
from entrypoints.systemctl import run

# Debian 12's; older ones keep no exit status of a unit in the way that the shim relies on.
VERSION_MIN: Final = 252
_VERSION: Final = re.compile(r"systemd (\d+)")
_WITHIN_S: Final = 10.0
_BUS_ADVICE: Final = (
    "the shim speaks to systemd over it: apt-get install dbus, then see `systemctl status dbus`"
)
_PING: Final = (
    "busctl",
    "--system",
    "call",
    "org.freedesktop.systemd1",
    "/org/freedesktop/systemd1",
    "org.freedesktop.DBus.Peer",
    "Ping",
)


def findings() -> list[Finding]:
    """Whether systemd runs this machine, new enough and within reach."""
    return [
        manager(
            Path("/proc/1/comm").read_text(encoding="utf-8").strip(),
            run(("systemctl", "--version"), _WITHIN_S).value_or(""),
        ),
        _bus(),
    ]


def manager(pid_1: str, version_text: str) -> Finding:
    """`pid_1` is its program's name, `version_text` what `systemctl --version` prints."""
    if pid_1 != "systemd":
        return fail("systemd", f"PID 1 is {pid_1}", "the shim needs systemd as the init system")
    found = _VERSION.match(version_text)
    version = int(found[1]) if found else 0
    if version < VERSION_MIN:
        return fail("systemd", f"version {version}", f"version {VERSION_MIN} or newer is needed")
    how = "" if version >= DELEGATE_SUBGROUP_SINCE else ", which needs the shim's subgroup launcher"
    return ok("systemd", f"PID 1, version {version}{how}")


def _bus() -> Finding:
    outcome = run(_PING, _WITHIN_S)
    if isinstance(outcome, Failure):
        return fail("system bus", outcome.failure().reason, _BUS_ADVICE)
    return ok("system bus", "systemd answers on it")
