"""Execs in a running container, each a unit around the reaper. Prints one JSON object.

argv: the container's id, and how many of each kind, first in a row and then all at a time.
"""

import asyncio
import itertools
import json
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Final

from dbus_next.signature import Variant

from tests.lab.inside.systemd_bus import Systemd, command

# containerd's runc.v2 keeps its state here, for the namespace "default".
RUNC: Final = (shutil.which("runc") or "runc", "--root", "/run/containerd/runc/default")
REAPER: Final = str(Path(__file__).with_name("reaper.py"))
FOLDER: Final = Path(tempfile.mkdtemp(prefix="finding-", dir="/run"))
FACTS: Final = ("ExecMainCode", "ExecMainStatus")

PROGRAMS: Final = {
    "true": ("true",),
    "exit 3": ("sh", "-c", "exit 3"),
    "child keeps stdout": ("sh", "-c", "sleep 1000 & exit 5"),
    "killed": ("sleep", "1000"),
    "missing": ("no-such-program",),
}
numbers = itertools.count()


async def execute(systemd: Systemd, container: str, kind: str) -> str:
    """One exec from start to end: its job's result and the status that systemd has."""
    number = next(numbers)
    unit = f"{FOLDER.name}-{number}.service"
    pid_file = FOLDER / f"{number}.pid"
    program = (*RUNC, "exec", "--detach", "--pid-file", str(pid_file), container, *PROGRAMS[kind])
    job = await systemd.start(
        unit,
        {
            "Type": Variant("s", "notify"),
            "RemainAfterExit": Variant("b", True),
            "StandardOutputFile": Variant("s", str(FOLDER / f"{number}.out")),
            **command("/usr/bin/python3", "-IS", REAPER, str(pid_file), *program),
        },
    )
    if job != "done":
        return f"{job}, {'it ran' if pid_file.exists() else 'it never ran'}"
    if kind == "killed":
        os.kill(int(pid_file.read_text()), signal.SIGKILL)
    facts = await systemd.ended(unit, *FACTS)
    return f"{job}, {facts['ExecMainCode']}/{facts['ExecMainStatus']}"


async def main(container: str, times: int) -> None:
    """Counts the answers of each kind."""
    systemd = await Systemd.connect()
    one = partial(execute, systemd, container)
    found: dict[str, Counter[str]] = {}
    for kind in PROGRAMS:
        in_a_row = [await one(kind) for _ in range(times)]
        at_a_time = await asyncio.gather(*(one(kind) for _ in range(times)))
        found[kind] = Counter([*in_a_row, *at_a_time])
    print(json.dumps(found))  # noqa: T201


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
