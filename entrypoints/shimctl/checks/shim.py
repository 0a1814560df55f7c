"""The shim's own installation: its files, its units, its sockets."""

import os
import platform
import socket
import sys
from pathlib import Path
from typing import Final

from returns.result import Failure

from entrypoints import places
from entrypoints.shimctl import steps, this_program
from entrypoints.shimctl.checks.finding import Finding, fail, ok, warn
from entrypoints.shimctl.installation import mark_of
from entrypoints.systemctl import Properties, run, show

_WITHIN_S: Final = 10.0
PYTHON_MIN: Final = (3, 11)
_INSTALL: Final = "run `shimctl install` as root"


def findings(launcher: Path, run_folder: Path) -> list[Finding]:
    """`launcher` is where install puts what containerd runs."""
    return [
        permissions(os.geteuid()),
        python(sys.version_info[:2]),
        _code(),
        *_launcher(launcher),
        *_units(),
        *daemon(
            mark_of(run(("systemctl", "cat", places.SERVICE_UNIT), _WITHIN_S).value_or("")),
            steps.daemons_mark(),
        ),
        *sockets(run_folder / "s"),
    ]


def permissions(uid: int) -> Finding:
    if uid == 0:
        return ok("permissions", "root")
    return warn("permissions", f"user {uid}", "some checks need root: run doctor as root")


def python(version: tuple[int, int]) -> Finding:
    text = f"{platform.python_implementation()} {version[0]}.{version[1]} ({sys.executable})"
    if version < PYTHON_MIN:
        return fail("Python", text, "3.11 or newer is needed")
    return ok("Python", text)


def sockets(folder: Path) -> list[Finding]:
    """One for each namespace that has had a container since the daemon's last start."""
    try:
        paths = sorted(folder.iterdir())
    except PermissionError:
        return [warn("namespaces", f"{folder} is root's alone", "run doctor as root")]
    except OSError:
        return [ok("namespaces", "none is served yet")]
    dead = [path.name for path in paths if not _listens(path)]
    if dead:
        return [
            warn(
                "namespaces",
                f"nobody listens for {', '.join(dead)}",
                "the next container of the namespace opens it again; if that fails, see "
                f"`journalctl -u {places.SERVICE_UNIT}`",
            )
        ]
    return [ok("namespaces", f"served: {', '.join(path.name for path in paths) or 'none yet'}")]


def unit(name: str, state: Properties) -> Finding:
    """What systemd says of one of the two units; the daemon's need not run until it is wanted."""
    if state.get("LoadState") != "loaded":
        return fail(name, "not installed", _INSTALL)
    active, enabled = state.get("ActiveState", ""), state.get("UnitFileState", "")
    if active == "failed":
        return fail(name, f"failed ({state.get('Result', '')})", f"see `journalctl -u {name}`")
    if name == places.SOCKET_UNIT and active != "active":
        return fail(name, active, f"{_INSTALL}, or `systemctl start {name}`")
    if name == places.SOCKET_UNIT and enabled != "enabled":
        return warn(name, f"{active}, but {enabled}: gone after a reboot", _INSTALL)
    if state.get("NeedDaemonReload") == "yes":
        return warn(name, f"{active}, its file has changed", "systemctl daemon-reload")
    return ok(name, f"{active}{', starts on first use' if active == 'inactive' else ''}")


def _units() -> list[Finding]:
    names = (places.SOCKET_UNIT, places.SERVICE_UNIT)
    wanted = ("LoadState", "ActiveState", "UnitFileState", "Result", "NeedDaemonReload")
    outcome = show(names, wanted, _WITHIN_S)
    if isinstance(outcome, Failure):
        return [fail("units", str(outcome.failure()), "systemd cannot be asked")]
    return [unit(name, state) for name, state in zip(names, outcome.unwrap(), strict=True)]


def _code() -> Finding:
    """Whether others may change what runs as root."""
    app = this_program.program().app
    others = this_program.writable_by_others(app)
    if others is not None:
        advice = "what lies below it runs as root: give it to root, not writable for others"
        return warn("code", f"{others} can be changed by others than root", advice)
    return ok("code", f"version {places.VERSION} in {app}")


def daemon(installed: str, running: str) -> list[Finding]:
    """Both are marks (installation.mark_of); "" where nothing is installed or nothing runs."""
    if not installed or not running or installed == running:
        return []
    return [
        warn(
            "daemon",
            "the running one is not the installed one",
            "run `shimctl install` when no containers run, or with --restart-daemon",
        )
    ]


def _launcher(path: Path) -> list[Finding]:
    """Whether it runs: its interpreter may have gone with an upgrade of Python."""
    if not path.exists():
        return [fail(places.BINARY, f"{path} is not there", _INSTALL)]
    outcome = run((str(path), "-v"), _WITHIN_S)
    if isinstance(outcome, Failure):
        return [fail(places.BINARY, f"{path} does not run: {outcome.failure().reason}", _INSTALL)]
    if f"Version: {places.VERSION}\n" not in outcome.unwrap():
        return [warn(places.BINARY, f"{path} is of another version", _INSTALL)]
    return [ok(places.BINARY, f"{path} runs")]


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except BlockingIOError:
            return True
        except OSError:
            return False
    return True
