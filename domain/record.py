"""What is written down of a container: enough to go on from after the daemon died anywhere.

systemd knows how processes ended; a record says what systemd cannot: what was asked for, how
far a step had come, and what containerd has been told.
"""

from dataclasses import dataclass, field
from enum import Enum

from domain.exit_status import Exit
from domain.identity import NO_PID, ContainerKey, ExecId, Pid
from domain.lifecycle import Phase
from domain.ports.processes import Program
from domain.request import Mount, RuntimeOptions, Stdio
from domain.unit import InvocationId


class Told(Enum):
    """What of a process containerd has acknowledged."""

    CREATED = "created"  # of an exec: added
    STARTED = "started"
    EXITED = "exited"


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """An init or exec. `phase` is the last one that was written down *before* it was acted on."""

    exec_id: ExecId | None
    phase: Phase
    stdio: Stdio
    invocation: InvocationId | None = None
    pid: Pid = NO_PID
    program: Program | None = None
    exit: Exit | None = None
    started: bool = False  # its program was let go: a start event is owed
    never_ran: bool = False  # a failed exec: its exit is no news
    told: frozenset[Told] = field(default=frozenset())


@dataclass(frozen=True, slots=True)
class ContainerRecord:
    owner: ContainerKey
    # Tells this container from an earlier one of the same id whose last event is still owed.
    life: int
    bundle: str
    rootfs: tuple[Mount, ...]
    checkpoint: str
    options: RuntimeOptions
    debug: bool
    publish_to: str
    slice: str
    cgroup: str
    private_pid_namespace: bool
    init: ProcessRecord
    execs: tuple[ProcessRecord, ...] = ()
    departed: tuple[ProcessRecord, ...] = ()  # deleted execs whose exit is still owed
    created: bool = False  # False: a Create was under way, and nobody was told of it
    deleting: bool = False  # Delete has begun to take it apart: it goes on to the end
    deleted: bool = False  # all is gone; only the event is owed
