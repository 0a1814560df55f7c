"""Which cgroup layout this machine has, and which controllers containers can be limited by."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from entrypoints.shimctl.checks.finding import Finding, fail, ok, warn

MOUNT_POINT: Final = Path("/sys/fs/cgroup")
MOUNTS: Final = Path("/proc/self/mounts")
# What limits of containers are made of; v1 calls `io` by its own name.
WANTED: Final = ("cpu", "cpuset", "io", "memory", "pids")
_V1_NAMES: Final = {"io": "blkio"}


def findings() -> list[Finding]:
    """The layout, and the controllers that are missing from it."""
    return check(MOUNT_POINT, MOUNTS.read_text(encoding="utf-8", errors="replace"))


def check(mount_point: Path, mounts: str) -> list[Finding]:
    """`mounts` is the text of /proc/self/mounts."""
    kinds = _kinds(mounts.splitlines())
    root = str(mount_point)
    if kinds.get(root) == "cgroup2":
        return [ok("cgroups", "v2 (unified)"), _controllers_v2(mount_point)]
    v1 = {path for path, kind in kinds.items() if kind == "cgroup"}
    if not v1:
        return [
            fail("cgroups", f"nothing is mounted on {root}", "systemd mounts it; is it PID 1 here?")
        ]
    is_hybrid = kinds.get(f"{root}/unified") == "cgroup2"
    return [
        ok("cgroups", "v1 with systemd's own v2 tree (hybrid)" if is_hybrid else "v1 (legacy)"),
        _controllers_v1(mount_point, v1),
    ]


def _kinds(mounts: Iterable[str]) -> dict[str, str]:
    """Mount point → file system type; of several on one place the last."""
    words = (line.split(" ") for line in mounts)
    return {line[1]: line[2] for line in words if len(line) > 2}


def _controllers_v2(root: Path) -> Finding:
    """What the kernel has here. systemd hands them down to a unit that asks for delegation."""
    try:
        available = (root / "cgroup.controllers").read_text(encoding="ascii").split()
    except OSError as error:
        return warn("controllers", f"cannot be read: {error.strerror}", "run doctor as root")
    return _missing([name for name in WANTED if name not in available])


def _controllers_v1(root: Path, mounted: set[str]) -> Finding:
    return _missing(
        [name for name in WANTED if str(root / _V1_NAMES.get(name, name)) not in mounted]
    )


def _missing(names: list[str]) -> Finding:
    if not names:
        return ok("controllers", f"{', '.join(WANTED)}: all there")
    return warn(
        "controllers",
        f"missing: {', '.join(names)}",
        "containers run, but such limits are refused or have no effect; see the kernel's command "
        "line (cgroup_disable=, cgroup_enable=), or which of them the host gives to this machine",
    )
