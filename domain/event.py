"""What happened to a task, as containerd hears it. Topics and wire form are the publisher's."""

from dataclasses import dataclass

from domain.exit_status import Exit
from domain.identity import ContainerKey, Pid, ProcessKey
from domain.request import Mount, Stdio


@dataclass(frozen=True, slots=True)
class TaskCreated:
    owner: ContainerKey
    bundle: str
    rootfs: tuple[Mount, ...]
    stdio: Stdio
    checkpoint: str
    pid: Pid


@dataclass(frozen=True, slots=True)
class TaskStarted:
    owner: ContainerKey
    pid: Pid


@dataclass(frozen=True, slots=True)
class ExecAdded:
    process: ProcessKey


@dataclass(frozen=True, slots=True)
class ExecStarted:
    process: ProcessKey
    pid: Pid


@dataclass(frozen=True, slots=True)
class TaskExited:
    """One process's end; `pid` is 0 only if nobody ever learned it."""

    process: ProcessKey
    pid: Pid
    exit: Exit


@dataclass(frozen=True, slots=True)
class TaskPaused:
    owner: ContainerKey


@dataclass(frozen=True, slots=True)
class TaskResumed:
    owner: ContainerKey


@dataclass(frozen=True, slots=True)
class TaskDeleted:
    owner: ContainerKey
    pid: Pid
    exit: Exit


TaskEvent = (
    TaskCreated
    | TaskStarted
    | ExecAdded
    | ExecStarted
    | TaskExited
    | TaskPaused
    | TaskResumed
    | TaskDeleted
)
