"""How a refusal looks to a client: one table for its number, and its words.

Clients act on both (task-api.md 4.5), so a change here is a change of the protocol. A
classified error ends with its class's text, which containerd's errdefs strips again; an
unclassified one (Unknown) is bare.
"""

from collections.abc import Mapping
from typing import Final, assert_never

from adapters.ttrpc import Code, Status
from domain.lifecycle import Phase
from domain.refusal import (
    AlreadyFinished,
    BeingDeleted,
    BundleFailed,
    CallerGone,
    CgroupFailed,
    ContainerExists,
    ContainerNotStarted,
    DeadlinePassed,
    Evidence,
    ExecExists,
    InitNotRunning,
    InvalidArgument,
    MountFailed,
    NamespaceRequired,
    NoSuchUnit,
    NotCreatedYet,
    Operation,
    ProcessGone,
    RecordFailed,
    Refusal,
    RuncFailed,
    StdioFailed,
    SystemdAway,
    UnitExists,
    UnitFailed,
    UnknownContainer,
    UnknownExec,
    Unsupported,
    WrongPhase,
)

CODE: Final[Mapping[type[Refusal], Code]] = {
    InvalidArgument: Code.INVALID_ARGUMENT,
    NamespaceRequired: Code.FAILED_PRECONDITION,
    UnknownContainer: Code.NOT_FOUND,
    UnknownExec: Code.NOT_FOUND,
    ContainerExists: Code.ALREADY_EXISTS,
    ExecExists: Code.ALREADY_EXISTS,
    ContainerNotStarted: Code.FAILED_PRECONDITION,
    InitNotRunning: Code.FAILED_PRECONDITION,
    BeingDeleted: Code.FAILED_PRECONDITION,
    AlreadyFinished: Code.NOT_FOUND,
    NotCreatedYet: Code.FAILED_PRECONDITION,
    RuncFailed: Code.UNKNOWN,
    UnitFailed: Code.UNKNOWN,
    UnitExists: Code.UNKNOWN,
    NoSuchUnit: Code.UNKNOWN,
    SystemdAway: Code.UNAVAILABLE,
    DeadlinePassed: Code.DEADLINE_EXCEEDED,
    CallerGone: Code.CANCELED,
    BundleFailed: Code.UNKNOWN,
    RecordFailed: Code.UNAVAILABLE,
    MountFailed: Code.UNKNOWN,
    StdioFailed: Code.UNKNOWN,
    ProcessGone: Code.NOT_FOUND,
    CgroupFailed: Code.UNKNOWN,
    Unsupported: Code.UNIMPLEMENTED,
}

# A wrong phase is FailedPrecondition at a Start (rule 2 of the issue that set it) and, as
# runc.v2 answers it, Unknown elsewhere.
CODE_OF_OPERATION: Final[Mapping[Operation, Code]] = {
    Operation.START: Code.FAILED_PRECONDITION,
    Operation.DELETE: Code.UNKNOWN,
    Operation.PAUSE: Code.UNKNOWN,
    Operation.RESUME: Code.UNKNOWN,
    Operation.EXEC: Code.UNKNOWN,
    Operation.RESIZE: Code.UNKNOWN,
}

# What errdefs appends for each class, and clients look for at the end of a text.
CLASS_TEXT: Final[Mapping[Code, str]] = {
    Code.INVALID_ARGUMENT: "invalid argument",
    Code.NOT_FOUND: "not found",
    Code.ALREADY_EXISTS: "already exists",
    Code.FAILED_PRECONDITION: "failed precondition",
    Code.UNAVAILABLE: "unavailable",
    Code.UNIMPLEMENTED: "not implemented",
    Code.CANCELED: "context canceled",
    Code.DEADLINE_EXCEEDED: "context deadline exceeded",
}

# runc.v2's words for a phase; `starting` is still `created` to a client.
PHASE_TEXT: Final[Mapping[Phase, str]] = {
    Phase.CREATED: "created",
    Phase.STARTING: "starting",
    Phase.RUNNING: "running",
    Phase.PAUSED: "paused",
    Phase.EXITED: "stopped",
    Phase.DELETED: "deleted",
}

# Where runc.v2 says it in a form of its own.
WRONG_PHASE_TEXT: Final[Mapping[tuple[Operation, Phase], str]] = {
    (Operation.PAUSE, Phase.CREATED): "cannot pause task in created state",
    (Operation.PAUSE, Phase.STARTING): "cannot pause task in created state",
    (Operation.PAUSE, Phase.PAUSED): "cannot pause a paused container",
    (Operation.PAUSE, Phase.EXITED): "cannot pause a stopped container",
    (Operation.RESUME, Phase.CREATED): "cannot resume task in created state",
    (Operation.RESUME, Phase.STARTING): "cannot resume task in created state",
    (Operation.RESUME, Phase.EXITED): "cannot resume a stopped container",
    (Operation.EXEC, Phase.PAUSED): "cannot exec in a paused state",
    (Operation.EXEC, Phase.EXITED): "cannot exec in a stopped state",
    (Operation.RESIZE, Phase.EXITED): "cannot resize a stopped container",
}

# What a failed runc command is called; the reason in runc's own words follows.
RUNC_TEXT: Final[Mapping[str, str]] = {
    "create": "OCI runtime create failed",
    "start": "failed runc start",
    "exec": "error starting exec process: OCI runtime exec failed",
    "pause": "OCI runtime pause failed",
    "resume": "OCI runtime resume failed",
    "delete": "failed to delete task",
}


def status_of(refusal: Refusal) -> Status:
    """The one way from a refusal to what goes over the wire."""
    code = (
        CODE_OF_OPERATION[refusal.operation]
        if isinstance(refusal, WrongPhase)
        else CODE[type(refusal)]
    )
    words = _words(refusal)
    class_text = CLASS_TEXT.get(code)
    return Status(code, words if class_text is None else f"{words}: {class_text}")


def _words(refusal: Refusal) -> str:  # noqa: C901, PLR0911, PLR0912 (one case for each refusal)
    match refusal:
        case InvalidArgument(why=why):
            return why
        case NamespaceRequired():
            return "namespace is required"
        case UnknownContainer():
            return "container not created"
        case UnknownExec(exec_id=exec_id):
            return f"process does not exist {exec_id}"
        case ContainerExists(container=container):
            return f"container {container}"
        case ExecExists(exec_id=exec_id):
            return f"id {exec_id}"
        case WrongPhase():
            return _wrong_phase(refusal)
        case ContainerNotStarted():
            return "container is not started"
        case InitNotRunning(container=container):
            return f"container {container} init process is not running"
        case BeingDeleted(container=container):
            return f"container {container} is being deleted"
        case AlreadyFinished():
            return "process already finished"
        case NotCreatedYet():
            return "process not created"
        case RuncFailed(command=command, reason=reason, evidence=evidence):
            prefix = RUNC_TEXT.get(command, f"OCI runtime {command} failed")
            return _with_evidence(f"{prefix}: {reason}", evidence)
        case UnitFailed(unit=unit, result=result, evidence=evidence):
            return _with_evidence(f"unit {unit}: {result}", evidence)
        case UnitExists(unit=unit):
            return f"unit {unit} is loaded already"
        case NoSuchUnit(unit=unit):
            return f"unit {unit} is not loaded"
        case DeadlinePassed(waited_for=waited_for, limit_s=limit_s):
            return f"{waited_for} took more than {limit_s:g} s"
        case CallerGone(waiting_for=waiting_for):
            return f"the caller has gone while waiting for {waiting_for}"
        case MountFailed(why=why):
            return f"failed to mount rootfs component: {why}"
        case SystemdAway(why=why):
            return f"systemd: {why}"
        case RecordFailed(why=why):
            return f"cannot be written down: {why}"
        case BundleFailed(why=why) | StdioFailed(why=why) | CgroupFailed(why=why):
            return why
        case ProcessGone():
            return "no such process"
        case Unsupported(what=what):
            return what
        case _:
            assert_never(refusal)


def _wrong_phase(refusal: WrongPhase) -> str:
    operation, phase = refusal.operation, refusal.phase
    text = WRONG_PHASE_TEXT.get((operation, phase))
    if text is None:
        text = f"cannot {operation.value} a {PHASE_TEXT[phase]} process"
    if operation is Operation.START and phase is Phase.EXITED:
        text = f"{text}: process has already exited"
    return f"{text}: {refusal.detail}" if refusal.detail else text


def _with_evidence(text: str, evidence: tuple[Evidence, ...]) -> str:
    """Debug mode's long answer: each piece under its heading (R080)."""
    return "\n".join([text, *(f"{piece.heading}:\n{piece.text}" for piece in evidence)])
