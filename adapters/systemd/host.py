"""What this machine's systemd is like, asked once at the daemon's start."""

import re
import sys
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from adapters.systemd import calls
from adapters.systemd.bus import SYSTEM_BUS, Bus, Signal
from domain import limits
from domain.refusal import DeadlinePassed, SystemdAway
from domain.runc_command import Argv
from domain.unit_definition import Host

PROGRAMS: Final = Path(__file__).parent / "programs"
# The unified hierarchy, and nothing else, is mounted here (cgroups(7)).
UNIFIED: Final = Path("/sys/fs/cgroup/cgroup.controllers")


async def host_facts(
    daemon_unit: str,
    copy_of_runc: Argv = (),
    python: str = sys.executable,
    socket_path: str = SYSTEM_BUS,
) -> Result[Host, SystemdAway | DeadlinePassed]:
    """`python` runs our little programs; `daemon_unit` is what containers are ordered after;
    `copy_of_runc` as in `reaper_command`."""
    match await Bus.connect(_ignore, limits.BUS, socket_path):
        case Success(bus):
            pass
        case failed:
            return Failure(calls.bewildered(failed.failure()))
    try:
        answers = await bus.call_all(
            [
                calls.get(calls.MANAGER_PATH, calls.MANAGER, name)
                for name in ("Version", "ControlGroup")
            ],
            limits.BUS,
        )
    finally:
        await bus.close()
    match answers:
        case [Success([version]), Success([cgroup_root])]:
            number = version_number(version.value)
            reaper = reaper_command(python, copy_of_runc)
            return Success(_host(number, cgroup_root.value, reaper, python, daemon_unit))
        case [Failure(failure), _] | [_, Failure(failure)]:
            return Failure(calls.bewildered(failure))
        case _:
            raise AssertionError


def version_number(text: str) -> int:
    """`252.39-1~deb12u2`, `v257-3-gabc`, `259~rc1`: the first number. 0 if there is none, which
    makes every newer property be left out.

    >>> version_number("252.39-1~deb12u2")
    252
    """
    found = re.search(r"\d+", text)
    return int(found[0]) if found else 0


def reaper_command(python: str, copy_of_runc: Argv = ()) -> Argv:
    """Before PROCESS_FILE GATE PID_FILE -- RUNC ARGUMENT…; the copy's path, and of what it is."""
    programs = (str(PROGRAMS / "exec.sh"), python, str(PROGRAMS / "run_reaper.py"))
    return ("/bin/sh", *programs, *copy_of_runc)


def _host(version: int, cgroup_root: str, reaper: Argv, python: str, daemon_unit: str) -> Host:
    # -I and -S: no site packages, nothing from the environment; half of Python's start-up time.
    program = (python, "-IS")
    return Host(
        systemd_version=version,
        cgroup_root=cgroup_root.rstrip("/"),
        reaper=reaper,
        # On cgroup v1 processes may sit beside the container's cgroup: saves a Python's start.
        subgroup_launcher=(*program, str(PROGRAMS / "subgroup.py")) if UNIFIED.exists() else (),
        daemon_unit=daemon_unit,
    )


def _ignore(_signal: Signal) -> None:
    pass
