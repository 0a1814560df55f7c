"""`python3 -m bench.inside N IDLE MEASURE...`: measures, and prints JSON."""

import json
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Final

from bench.inside import commands, ctr, exits, lives, memory, throughput
from bench.inside.timing import CommandFailedError, Samples

MEASURES: Final[Mapping[str, Callable[[int], Samples]]] = {
    "start": commands.start,
    "delete": commands.delete,
    "life": lives.life,
    "exec": lives.execs,
    "exit": exits.latency,
    "terminal": throughput.terminal,
    "stdout": throughput.stdout,
}
MEMORY: Final = "memory"


def main(rounds: int, idle: int, wanted: list[str]) -> int:
    """1 when something could not be measured: a figure that is missing is no figure."""
    measured: dict[str, Samples] = {}
    try:
        for name in wanted:
            sys.stderr.write(f"bench:   {name}\n")
            measured[name] = memory.idle(idle) if name == MEMORY else MEASURES[name](rounds)
    except CommandFailedError as why:
        sys.stderr.write(f"bench: {why}\n")
        return 1
    finally:
        ctr.sweep()
    sys.stdout.write(json.dumps({"versions": _versions(), "measured": measured}))
    return 0


def _versions() -> dict[str, str]:
    """The second or third word of what each says of itself."""
    versions = {"Python": platform.python_version()}
    for name, argv, word in (
        ("systemd", ["systemctl", "--version"], 1),
        ("containerd", ["containerd", "--version"], 2),
        ("runc", ["runc", "--version"], 2),
    ):
        if shutil.which(argv[0]):
            versions[name] = ctr.call(argv).split()[word]
    return versions


sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]))
