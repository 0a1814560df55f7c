"""Why something was not done: expected failures as values.

A refusal carries facts; the words and the status code that a client sees are made at the
edge, by one table (adapters/task_service/refusals.py).
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.lifecycle import Phase


class Operation(Enum):
    """What was asked, where the answer depends on the phase."""

    START = "start"
    DELETE = "delete"
    PAUSE = "pause"
    RESUME = "resume"
    EXEC = "exec"
    RESIZE = "resize"


@dataclass(frozen=True, slots=True)
class InvalidArgument:
    """The request itself makes no sense, whatever the state."""

    why: str


@dataclass(frozen=True, slots=True)
class NamespaceRequired:
    """Neither the metadata nor the socket said whose container is meant (D56)."""


@dataclass(frozen=True, slots=True)
class UnknownContainer:
    container: str


@dataclass(frozen=True, slots=True)
class UnknownExec:
    exec_id: str


@dataclass(frozen=True, slots=True)
class ContainerExists:
    container: str


@dataclass(frozen=True, slots=True)
class ExecExists:
    exec_id: str


@dataclass(frozen=True, slots=True)
class WrongPhase:
    """The process is in a phase in which this cannot be done."""

    operation: Operation
    phase: "Phase"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ContainerNotStarted:
    """An exec wants in before its container runs (R083)."""


@dataclass(frozen=True, slots=True)
class InitNotRunning:
    """An exec wants in after its container's init has ended (T120)."""

    container: str


@dataclass(frozen=True, slots=True)
class BeingDeleted:
    """A Delete of the container is under way (H13)."""

    container: str


@dataclass(frozen=True, slots=True)
class AlreadyFinished:
    """Nobody is left to be signalled (T150, T158)."""


@dataclass(frozen=True, slots=True)
class NotCreatedYet:
    """The exec was added but never started, so there is nobody to signal (T157)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a debug answer carries beside the error: a heading and the text under it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class RuncFailed:
    """The OCI runtime said no; `reason` is its own last error, `command` its subcommand."""

    command: str
    reason: str
    evidence: tuple[Evidence, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class UnitFailed:
    """systemd did not bring the unit up; `result` is the job's result or the bus error."""

    unit: str
    result: str
    evidence: tuple[Evidence, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class UnitExists:
    """A unit of this name is loaded already, left over or a stranger's (F49)."""

    unit: str


@dataclass(frozen=True, slots=True)
class NoSuchUnit:
    """systemd does not know the unit (any more): collected, or never started."""

    unit: str


@dataclass(frozen=True, slots=True)
class SystemdAway:
    """The bus or systemd does not answer. Says nothing of what was asked: it may be done (S34)."""

    why: str


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """Waited as long as was allowed. Says nothing of what was waited for (S34)."""

    waited_for: str
    limit_s: float


@dataclass(frozen=True, slots=True)
class CallerGone:
    """The client gave up before there was an answer."""

    waiting_for: str


@dataclass(frozen=True, slots=True)
class BundleFailed:
    """The bundle folder or a file in it cannot be read or written."""

    why: str


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """Our own record could not be kept (disk full, read-only)."""

    why: str


@dataclass(frozen=True, slots=True)
class MountFailed:
    why: str


@dataclass(frozen=True, slots=True)
class StdioFailed:
    """A FIFO or terminal could not be set up."""

    why: str


@dataclass(frozen=True, slots=True)
class ProcessGone:
    """No process with this pid and start time exists."""


@dataclass(frozen=True, slots=True)
class CgroupFailed:
    why: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Comes with a later version; answered honestly until then."""

    what: str


UnitRefusal = UnitFailed | UnitExists | NoSuchUnit | SystemdAway | DeadlinePassed
RuncRefusal = RuncFailed | DeadlinePassed

Refusal = (
    InvalidArgument
    | NamespaceRequired
    | UnknownContainer
    | UnknownExec
    | ContainerExists
    | ExecExists
    | WrongPhase
    | ContainerNotStarted
    | InitNotRunning
    | BeingDeleted
    | AlreadyFinished
    | NotCreatedYet
    | RuncFailed
    | UnitFailed
    | UnitExists
    | NoSuchUnit
    | SystemdAway
    | DeadlinePassed
    | CallerGone
    | BundleFailed
    | RecordFailed
    | MountFailed
    | StdioFailed
    | ProcessGone
    | CgroupFailed
    | Unsupported
)
