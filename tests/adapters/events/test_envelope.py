"""Events on the wire, compared with what containerd's own shims sent."""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from adapters.events.envelope import WIRE, forward_request
from adapters.messages import forward_pb2
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
from domain.exit_status import Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, Pid, ProcessKey
from domain.request import Mount, Stdio
from tests.contracts.publisher_contract import LIFE
from tests.recordings.frames import GENERATIONS, Recorded, frames, opened

AT = Timestamp(1_795_527_840_000_000_007)

TOPICS = {topic for topic, _form in WIRE.values()}


def ns(timestamp: Any) -> Timestamp:
    return Timestamp(timestamp.seconds * 1_000_000_000 + timestamp.nanos)


def topic_of(frame: Recorded) -> str:
    return str(forward_pb2.ForwardRequest.FromString(frame.payload).envelope.topic)


RECORDED = [
    pytest.param(frame, id=f"{generation} {frame} {topic_of(frame)}")
    for generation in GENERATIONS
    for frame in frames(generation)
    if frame.method == "Forward" and frame.is_request and topic_of(frame) in TOPICS
]


def event_of(envelope: Any) -> TaskEvent:
    """The domain's event for what a shim of runc.v2 sent."""
    told: Any = opened(envelope.event)
    owner = ContainerKey(Namespace(envelope.namespace), ContainerId(told.container_id))
    make: dict[str, Callable[[], TaskEvent]] = {
        "/tasks/create": lambda: created(owner, told),
        "/tasks/start": lambda: TaskStarted(owner, Pid(told.pid)),
        "/tasks/exec-added": lambda: ExecAdded(ProcessKey(owner, ExecId(told.exec_id))),
        "/tasks/exec-started": lambda: ExecStarted(
            ProcessKey(owner, ExecId(told.exec_id)), Pid(told.pid)
        ),
        "/tasks/exit": lambda: TaskExited(exited(owner, told), Pid(told.pid), end(told)),
        "/tasks/delete": lambda: TaskDeleted(owner, Pid(told.pid), end(told)),
        "/tasks/paused": lambda: TaskPaused(owner),
        "/tasks/resumed": lambda: TaskResumed(owner),
    }
    return make[envelope.topic]()


def created(owner: ContainerKey, told: Any) -> TaskCreated:
    rootfs = tuple(
        Mount(mount.type, mount.source, mount.target, tuple(mount.options)) for mount in told.rootfs
    )
    io = Stdio(told.io.stdin, told.io.stdout, told.io.stderr, told.io.terminal)
    return TaskCreated(owner, told.bundle, rootfs, io, told.checkpoint, Pid(told.pid))


def exited(owner: ContainerKey, told: Any) -> ProcessKey:
    return ProcessKey(owner, None if told.id == told.container_id else ExecId(told.id))


def end(told: Any) -> Exit:
    return Exit(ExitStatus(told.exit_status), ns(told.exited_at))


def test_every_event_of_the_domain_has_its_form() -> None:
    assert set(WIRE) == set(get_args(TaskEvent))
    assert {type(event) for event in LIFE} == set(WIRE)


@pytest.mark.parametrize("frame", RECORDED)
def test_an_event_has_the_very_bytes_that_containerds_own_shim_sent(frame: Recorded) -> None:
    recorded = forward_pb2.ForwardRequest.FromString(frame.payload)
    event = event_of(recorded.envelope)
    assert forward_request(event, ns(recorded.envelope.timestamp)) == frame.payload


def test_the_recordings_hold_every_event_that_there_is() -> None:
    for generation in GENERATIONS:
        recorded = {
            topic_of(frame)
            for frame in frames(generation)
            if frame.method == "Forward" and frame.is_request
        }
        assert recorded >= TOPICS


@pytest.mark.parametrize("event", LIFE, ids=lambda event: type(event).__name__)
def test_every_envelope_is_complete_and_names_its_message_barely(event: TaskEvent) -> None:
    envelope = forward_pb2.ForwardRequest.FromString(forward_request(event, AT)).envelope
    assert envelope.namespace == "k8s.io"
    assert ns(envelope.timestamp) == AT
    assert envelope.event.type_url.startswith("containerd.events.Task")
    assert opened(envelope.event) is not None
