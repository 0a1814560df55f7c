"""Moves itself into a cgroup below its unit's, then becomes the command.

    python3 -IS subgroup.py SUBGROUP -- COMMAND ARGUMENT…

What DelegateSubgroup= does from systemd 254 on. On cgroup v2 a cgroup with controllers for its
children holds no process itself, and runc, started in the unit's own cgroup, would be one:
"cannot enter cgroupv2 … with domain controllers". On cgroup v1 there is no such rule, and
systemd finds the unit's processes in its own hierarchy alone: nothing to do.
"""

import _signal  # type: ignore[import-not-found]  # `signal` on top of it imports enum: 3 ms
import os
import sys

ROOT = "/sys/fs/cgroup"


def main() -> None:
    if len(sys.argv) <= 3 or sys.argv[2] != "--":
        sys.exit("usage: subgroup.py SUBGROUP -- COMMAND ARGUMENT...")
    subgroup, command = sys.argv[1], sys.argv[3:]
    if os.access(f"{ROOT}/cgroup.controllers", os.F_OK):
        move_below(own_cgroup(), subgroup)
    # Python ignores these two, and so would what it becomes (signal(7)).
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 - becoming the command is the purpose


def own_cgroup() -> str:
    """This process's cgroup in the unified hierarchy (cgroups(7): the line `0::PATH`)."""
    with open("/proc/self/cgroup", encoding="utf-8") as file:  # noqa: PTH123 - pathlib costs 5 ms
        lines = file.read().splitlines()
    return next(line[3:] for line in lines if line.startswith("0::"))


def move_below(cgroup: str, subgroup: str) -> None:
    folder = f"{ROOT}{cgroup}/{subgroup}"
    os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
    with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as file:  # noqa: PTH123 - as above
        file.write("0")


if __name__ == "__main__":
    main()
