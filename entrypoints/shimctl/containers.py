"""The shim's containers and execs as systemd has them, so with the daemon up or down."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from returns.result import Result

from domain.exit_status import MainCode, exit_status
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.unit_definition import CONTAINER_CGROUP
from domain.unit_name import EXEC_SUFFIX, PREFIX, process_of, unit_name
from entrypoints.systemctl import CommandFailed, show

CGROUPS: Final = Path("/sys/fs/cgroup")
PROC: Final = Path("/proc")
# Of a thousand units systemd needs about 4 s to tell all.
_SHOW_WITHIN_S: Final = 30

_PROPERTIES: Final = (
    "Id",
    "Description",
    "ActiveState",
    "MainPID",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainStartTimestampMonotonic",
    "InactiveExitTimestampMonotonic",
    "ControlGroup",
)
# What domain.unit_definition writes; wanted where the name is cut and only a digest is left.
_DESCRIPTION: Final = re.compile(
    r"(?:Exec (?P<exec>\S+) in c|C)ontainer (?P<namespace>[^\s/]+)/(?P<container>\S+)"
)
# The init that `create` leaves paused is still the runtime's own program.
_PAUSED_BEFORE_START: Final = ("runc", "crun", "youki")
_CHANGING: Final[Mapping[str, str]] = {"activating": "creating", "deactivating": "stopping"}
_US_PER_S: Final = 1_000_000
_MINUTE_S: Final = 60
_HOUR_S: Final = 60 * _MINUTE_S
_DAY_S: Final = 24 * _HOUR_S


@dataclass(frozen=True, slots=True)
class Row:
    """One process of a container: its init (`exec_id` is "") or an exec."""

    namespace: str
    container: str
    exec_id: str
    unit: str
    pid: int  # 0 when nothing runs
    state: str
    age_s: int

    @property
    def is_running(self) -> bool:
        return self.pid != 0


def rows() -> Result[tuple[Row, ...], CommandFailed]:
    """All of them, ordered by namespace, container and exec."""
    found = show([f"{PREFIX}*"], _PROPERTIES, _SHOW_WITHIN_S)
    now_us = time.monotonic_ns() // 1_000
    return found.map(lambda units: tuple(sorted((_row(u, now_us) for u in units), key=_order)))


def process(unit: str, description: str) -> ProcessKey | None:
    """Whose unit this is; a cut name's owner is in the description, and the name proves it."""
    known = process_of(unit)
    if known is not None:
        return known
    told = _DESCRIPTION.fullmatch(description)
    if told is None:
        return None
    owner = ContainerKey(Namespace(told["namespace"]), ContainerId(told["container"]))
    claimed = ProcessKey(owner, ExecId(told["exec"]) if told["exec"] else None)
    return claimed if unit_name(claimed) == unit else None


def state(unit: Mapping[str, str], proc: Path = PROC, cgroups: Path = CGROUPS) -> str:
    """In containerd's words where it has one, and with the status of an exit."""
    code = int(unit.get("ExecMainCode", "0"))
    active = unit.get("ActiveState", "")
    if active in _CHANGING:
        return _CHANGING[active]
    if code != MainCode.NONE:
        return f"exited ({exit_status(code, int(unit.get('ExecMainStatus', '0')))})"
    pid = int(unit.get("MainPID", "0"))
    if not pid:
        return active or "unknown"
    if _is_frozen(cgroups, unit.get("ControlGroup", "")):
        return "paused"
    return "created" if _program(proc, pid).startswith(_PAUSED_BEFORE_START) else "running"


def age(seconds: int) -> str:
    """A rough age: the largest unit that fits.

    >>> age(7200)
    '2h'
    """
    for size, letter in ((_DAY_S, "d"), (_HOUR_S, "h"), (_MINUTE_S, "m")):
        if seconds >= size:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


def _row(unit: Mapping[str, str], now_us: int) -> Row:
    name = unit.get("Id", "")
    owner = process(name, unit.get("Description", ""))
    began_us = int(unit.get("ExecMainStartTimestampMonotonic", "0")) or int(
        unit.get("InactiveExitTimestampMonotonic", "0")
    )
    return Row(
        namespace=owner.owner.namespace if owner else "?",
        container=owner.owner.container if owner else "?",
        exec_id=(owner.exec_id or "") if owner else ("?" if name.endswith(EXEC_SUFFIX) else ""),
        unit=name,
        pid=int(unit.get("MainPID", "0")),
        state=state(unit),
        age_s=max(now_us - began_us, 0) // _US_PER_S if began_us else 0,
    )


def _order(row: Row) -> tuple[str, str, str, str]:
    return (row.namespace, row.container, row.exec_id, row.unit)


def _is_frozen(cgroups: Path, control_group: str) -> bool:
    """Whether the container's cgroup, inside its unit's own, is frozen (v2, then v1)."""
    if not control_group:
        return False
    inside = f"{control_group.lstrip('/')}/{CONTAINER_CGROUP}"
    events = _text(cgroups / inside / "cgroup.events").split()
    v1 = _text(cgroups / "freezer" / inside / "freezer.state").strip()
    return "frozen 1" in " ".join(events) or v1 == "FROZEN"


def _program(proc: Path, pid: int) -> str:
    return _text(proc / str(pid) / "comm").strip()


def _text(path: Path) -> str:
    """A small file of the kernel's; "" when it is gone or there is no such file here."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
