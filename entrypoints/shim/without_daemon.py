"""`delete` where no daemon answers: the container is ended, and its true end told (D26).

Everything here can be done twice, and for a container that is long gone. All of it fits into
what is left of the five seconds that containerd allows, and a step that fails keeps no other
from its turn.
"""

import os
import time
from pathlib import Path
from typing import Final, TypeVar

from returns.result import Failure, Result, Success

from adapters.cgroup_folders import remove_now
from adapters.mounts import mount_table, syscalls
from domain import bundle_files
from domain.exit_status import SIGNALLED, Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, Namespace, ProcessKey
from domain.record import ContainerRecord
from domain.request import RuntimeOptions
from domain.unit_name import unit_name
from entrypoints import places
from entrypoints.shim import leftover_records, leftover_units
from entrypoints.shim.ended import Ended
from entrypoints.shim.leftover_units import NOT_LOADED, Unit
from entrypoints.systemctl import CommandFailed, run

KILLED: Final = ExitStatus(SIGNALLED + 9)
_NS_PER_S: Final = 1_000_000_000
# A step that comes too late still gets this: one call of systemctl takes 10 ms.
_LEAST_S: Final = 0.1

_T = TypeVar("_T")


def clean_up(
    namespace: str, container: str, bundle: str, run_folder: str, until: float
) -> tuple[Ended, list[str]]:
    """Ends the container and removes what is left of it; how it ended, and what went wrong.

    Both ids are identifiers (the caller has looked); `until` is the monotonic clock's.
    """
    owner = ContainerKey(Namespace(namespace), ContainerId(container))
    trouble: list[str] = []
    state = Path(places.records_folder(run_folder))
    leftovers = leftover_records.of(owner, state)
    records = [each.record for each in leftovers if each.record is not None]
    record = max(records, key=lambda each: each.life, default=None)
    bundle = bundle or (record.bundle if record else "")
    before, after = _end(owner, bundle, record, until, trouble)
    if bundle:
        trouble += _unmount(bundle_files.rootfs(bundle))
    if record:
        trouble += _remove_cgroup(record.cgroup)
    trouble += leftover_records.forget(leftovers)
    return _ended(record, before, after, bundle), trouble


def _end(
    owner: ContainerKey,
    bundle: str,
    record: ContainerRecord | None,
    until: float,
    trouble: list[str],
) -> tuple[Unit, Unit]:
    """Ends all of its processes; the init's unit before and after."""
    init = unit_name(ProcessKey(owner))
    before = _noted(leftover_units.read(init, _left(until)), trouble) or NOT_LOADED
    execs = _noted(leftover_units.execs(owner, bundle, _left(until)), trouble) or []
    # The runtime first: it thaws a paused container, which on cgroup v1 does not die frozen.
    _noted(_delete_in_runtime(owner, record, _left(until) / 2), trouble)
    units = [*([init] if before.is_loaded else []), *execs]
    if not units:
        return before, NOT_LOADED
    _noted(leftover_units.kill_and_stop(units, _left(until)), trouble)
    after = _noted(leftover_units.read(init, _left(until)), trouble) or NOT_LOADED
    # A unit that has gone by itself is an error to systemctl and none to us.
    leftover_units.forget(units, _left(until))
    return before, after


def _delete_in_runtime(
    owner: ContainerKey, record: ContainerRecord | None, within_s: float
) -> Result[str, CommandFailed]:
    """Kills what the runtime still has of the container, and its state; nothing is a success."""
    options = record.options if record else RuntimeOptions()
    root = bundle_files.runtime_root(options, owner.namespace)
    if not Path(root, owner.container).exists():
        return Success("")
    return run((options.binary, "--root", root, "delete", "--force", owner.container), within_s)


def _unmount(rootfs: str) -> list[str]:
    """Takes off everything at and below the root file system; what went wrong."""
    trouble: list[str] = []
    folder = os.fsencode(Path(rootfs).resolve())
    for place in mount_table.below(folder, mount_table.MOUNTINFO.read_bytes()):
        try:
            syscalls.unmount(os.fsdecode(place))
        except OSError as error:
            trouble.append(str(error))
    return trouble


def _remove_cgroup(cgroup: str) -> list[str]:
    """The unit's own, around the container's, which on cgroup v1 is nobody else's to remove."""
    removed = remove_now(cgroup.rpartition("/")[0])
    return [str(removed.failure())] if isinstance(removed, Failure) else []


def _ended(record: ContainerRecord | None, before: Unit, after: Unit, bundle: str) -> Ended:
    """The end as it was told before (S7), else as systemd has it, else: killed, now (T081)."""
    told = record.init.exit if record else None
    # Another incarnation of the name says nothing about this one (S21).
    invocation = (record.init.invocation if record else None) or before.invocation
    seen = [unit.exit for unit in (before, after) if unit.exit and unit.invocation == invocation]
    end = told or next(iter(seen), None) or Exit(KILLED, Timestamp(time.time_ns()))
    pid = (record.init.pid if record else 0) or before.main_pid
    seconds, nanos = divmod(end.at, _NS_PER_S)
    return Ended(pid or _pid_in(bundle), end.status, seconds, nanos)


def _pid_in(bundle: str) -> int:
    """The pid that runc wrote down, 0 where there is none (T082)."""
    try:
        return int(Path(bundle_files.pid_file(bundle, None)).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _noted(outcome: Result[_T, CommandFailed], trouble: list[str]) -> _T | None:
    """The value of a success; of a failure a line in `trouble`."""
    if isinstance(outcome, Failure):
        trouble.append(str(outcome.failure()))
    return outcome.value_or(None)


def _left(until: float) -> float:
    return max(until - time.monotonic(), _LEAST_S)
