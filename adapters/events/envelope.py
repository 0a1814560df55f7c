"""A domain event as the envelope in which containerd takes it.

Topics and fields are those of containerd's api/events/task.proto; the Any inside carries the bare
name of its message, without `type.googleapis.com/` (typeurl; T218).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp as TimestampMessage

from adapters.messages import envelope_pb2, events_pb2, forward_pb2, mount_pb2
from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskPaused,
    TaskResumed,
    TaskStarted,
)
from domain.exit_status import Timestamp
from domain.identity import ContainerKey, ProcessKey
from domain.request import Mount, Stdio

_NANOSECONDS: Final = 1_000_000_000


def forward_request(event: TaskEvent, at: Timestamp) -> bytes:
    """The request of `Events/Forward`; `at` is when it was published."""
    topic, form = WIRE[type(event)]
    message = form(event)
    envelope = envelope_pb2.Envelope(
        timestamp=_timestamp(at),
        namespace=owner_of(event).namespace,
        topic=topic,
        event=AnyMessage(type_url=message.DESCRIPTOR.full_name, value=message.SerializeToString()),
    )
    return forward_pb2.ForwardRequest(envelope=envelope).SerializeToString()


def subject_of(event: TaskEvent) -> ProcessKey | ContainerKey:
    """Whom the event is about."""
    match event:
        case ExecAdded() | ExecStarted() | TaskExited():
            return event.process
        case _:
            return event.owner


def owner_of(event: TaskEvent) -> ContainerKey:
    """The container that the event is about, or whose process it is about."""
    subject = subject_of(event)
    return subject.owner if isinstance(subject, ProcessKey) else subject


def _created(event: TaskCreated) -> Message:
    return events_pb2.TaskCreate(
        container_id=event.owner.container,
        bundle=event.bundle,
        rootfs=[_mount(mount) for mount in event.rootfs],
        io=_stdio(event.stdio),
        checkpoint=event.checkpoint,
        pid=event.pid,
    )


def _started(event: TaskStarted) -> Message:
    return events_pb2.TaskStart(container_id=event.owner.container, pid=event.pid)


def _exec_added(event: ExecAdded) -> Message:
    process = event.process
    return events_pb2.TaskExecAdded(
        container_id=process.owner.container, exec_id=process.exec_id or ""
    )


def _exec_started(event: ExecStarted) -> Message:
    process = event.process
    return events_pb2.TaskExecStarted(
        container_id=process.owner.container, exec_id=process.exec_id or "", pid=event.pid
    )


def _exited(event: TaskExited) -> Message:
    process = event.process
    return events_pb2.TaskExit(
        container_id=process.owner.container,
        # The init goes by its container's id (T212).
        id=process.owner.container if process.exec_id is None else process.exec_id,
        pid=event.pid,
        exit_status=event.exit.status,
        exited_at=_timestamp(event.exit.at),
    )


def _paused(event: TaskPaused) -> Message:
    return events_pb2.TaskPaused(container_id=event.owner.container)


def _resumed(event: TaskResumed) -> Message:
    return events_pb2.TaskResumed(container_id=event.owner.container)


def _deleted(event: TaskDeleted) -> Message:
    return events_pb2.TaskDelete(
        container_id=event.owner.container,
        pid=event.pid,
        exit_status=event.exit.status,
        exited_at=_timestamp(event.exit.at),
    )


def _mount(mount: Mount) -> mount_pb2.Mount:
    return mount_pb2.Mount(
        type=mount.kind, source=mount.source, target=mount.target, options=mount.options
    )


def _stdio(stdio: Stdio) -> events_pb2.TaskIO:
    return events_pb2.TaskIO(
        stdin=stdio.stdin, stdout=stdio.stdout, stderr=stdio.stderr, terminal=stdio.terminal
    )


def _timestamp(at: Timestamp) -> TimestampMessage:
    seconds, nanos = divmod(at, _NANOSECONDS)
    return TimestampMessage(seconds=seconds, nanos=nanos)


# What each event is called and made of; tests/adapters/events/test_envelope.py sees to it that
# none is missing.
WIRE: Final[Mapping[type[TaskEvent], tuple[str, Callable[[Any], Message]]]] = {
    TaskCreated: ("/tasks/create", _created),
    TaskStarted: ("/tasks/start", _started),
    ExecAdded: ("/tasks/exec-added", _exec_added),
    ExecStarted: ("/tasks/exec-started", _exec_started),
    TaskExited: ("/tasks/exit", _exited),
    TaskPaused: ("/tasks/paused", _paused),
    TaskResumed: ("/tasks/resumed", _resumed),
    TaskDeleted: ("/tasks/delete", _deleted),
}
