"""The service at its edge: what is refused before any rule is asked, and what both serve."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import pytest
from google.protobuf.message import Message

from adapters.concurrency import AsyncioConcurrency
from adapters.container_log import ContainerLogHandler
from adapters.messages import task_pb2
from adapters.task_service.namespace import METADATA_KEY
from adapters.task_service.service import METHODS, SERVICES, Served, services
from adapters.telemetry.silence import Silence
from adapters.ttrpc import Call, Caller, Code, ConnectionId, Peer, Status, StreamId
from domain.shim import Ports, Shim
from domain.unit_definition import Host

HOST = Host(257, "", ("reaper",), ("subgroup",), "daemon.service")


def _served(process_expected: Callable[[], None] = lambda: None) -> Served:
    """A shim without a single container; a port that is touched all the same fails the test."""
    concurrency = AsyncioConcurrency()
    ports = cast("Ports", type("OnlyConcurrency", (), {"concurrency": concurrency})())
    shim = Shim(ports, HOST)
    return Served(shim, Silence(), ContainerLogHandler(), process_expected=process_expected)


def _ask(
    method: str,
    message: Message | bytes,
    *,
    listener: str = "default",
    metadata: tuple[tuple[str, str], ...] = (),
    service: str = SERVICES[0],
) -> bytes | Status:
    caller = Caller(ConnectionId(1), Peer(os.getpid(), 0, 0), listener)
    payload = message if isinstance(message, bytes) else message.SerializeToString()
    return _answer(_served, Call(service, method, metadata, None, caller, StreamId(1)), payload)


def _answer(served: Callable[[], Served], call: Call, payload: bytes) -> bytes | Status:
    async def ask() -> bytes | Status:
        return await services(served())[call.service][call.method](call, payload)

    return asyncio.run(ask())


def _code(answer: bytes | Status) -> int:
    assert isinstance(answer, Status), answer
    return answer.code


def test_all_seventeen_methods_are_there_in_both_versions() -> None:
    declared = {
        "State", "Create", "Start", "Delete", "Pids", "Pause", "Resume", "Checkpoint", "Kill",
        "Exec", "ResizePty", "CloseIO", "Update", "Wait", "Stats", "Connect", "Shutdown",
    }  # fmt: skip
    served = services(_served())
    assert set(served) == {"containerd.task.v2.Task", "containerd.task.v3.Task"}
    assert all(set(methods) == declared for methods in served.values())


ABOUT_A_TASK: tuple[tuple[str, Any], ...] = (
    ("Start", task_pb2.StartRequest),
    ("State", task_pb2.StateRequest),
    ("Wait", task_pb2.WaitRequest),
    ("Kill", task_pb2.KillRequest),
    ("Delete", task_pb2.DeleteRequest),
    ("Pids", task_pb2.PidsRequest),
    ("Pause", task_pb2.PauseRequest),
    ("Resume", task_pb2.ResumeRequest),
    ("ResizePty", task_pb2.ResizePtyRequest),
    ("CloseIO", task_pb2.CloseIORequest),
)


@pytest.mark.parametrize(("method", "message"), ABOUT_A_TASK)
def test_an_unknown_container_is_not_found(method: str, message: Any) -> None:
    answer = _ask(method, message(id="nobody"))
    assert isinstance(answer, Status)
    assert (answer.code, answer.message) == (5, "container not created: not found")


@pytest.mark.parametrize(("method", "message"), ABOUT_A_TASK)
def test_without_any_namespace_nothing_is_asked(method: str, message: Any) -> None:
    """Rule 1: the matching error, nothing touched."""
    assert _code(_ask(method, message(id="web"), listener="")) == Code.FAILED_PRECONDITION


def test_the_calls_that_make_a_process_or_go_before_one_say_so() -> None:
    expected: list[str] = []
    calls: tuple[tuple[str, Any], ...] = (
        *ABOUT_A_TASK,
        ("Create", task_pb2.CreateTaskRequest),
        ("Exec", partial(task_pb2.ExecProcessRequest, exec_id="e")),
        ("State", partial(task_pb2.StateRequest, exec_id="e")),
    )
    caller = Caller(ConnectionId(1), Peer(os.getpid(), 0, 0), "default")
    for method, message in calls:
        served = partial(_served, partial(expected.append, method))
        call = Call(SERVICES[0], method, (), None, caller, StreamId(1))
        _answer(served, call, message(id="web").SerializeToString())
    assert sorted(expected) == ["Create", "Exec", "State"]


@pytest.mark.parametrize("bad", ["", "../etc", "a b", "a--b", "-a", "x" * 77, "a/b"])
def test_an_id_that_is_no_identifier_never_becomes_a_path(bad: str) -> None:
    request = task_pb2.CreateTaskRequest(id=bad, bundle="/run/bundle")
    assert _code(_ask("Create", request)) == Code.INVALID_ARGUMENT


def test_an_exec_id_is_checked_like_a_containers() -> None:
    request = task_pb2.StateRequest(id="web", exec_id="../../x")
    assert _code(_ask("State", request)) == Code.INVALID_ARGUMENT


def test_metadata_that_names_another_namespace_than_the_socket_is_refused() -> None:
    answer = _ask(
        "State",
        task_pb2.StateRequest(id="web"),
        listener="default",
        metadata=((METADATA_KEY, "k8s.io"),),
    )
    assert isinstance(answer, Status)
    assert answer.code == Code.INVALID_ARGUMENT
    assert "'k8s.io'" in answer.message
    assert "'default'" in answer.message


def test_metadata_alone_says_the_namespace_where_the_socket_does_not() -> None:
    answer = _ask(
        "State", task_pb2.StateRequest(id="web"), listener="", metadata=((METADATA_KEY, "k8s.io"),)
    )
    assert _code(answer) == Code.NOT_FOUND


def test_a_payload_that_is_no_message_is_told_as_that() -> None:
    """T012."""
    assert _code(_ask("State", b"\xff\xff")) == Code.INTERNAL


def test_unknown_fields_and_explicit_defaults_change_nothing() -> None:
    """T018, T019: field 99 is nobody's, and field 2 is the empty exec id."""
    payload = task_pb2.StateRequest(id="web").SerializeToString()
    assert _code(_ask("State", payload + b"\x9a\x06\x01x" + b"\x12\x00")) == Code.NOT_FOUND


@pytest.mark.parametrize("method", ["Update", "Stats", "Checkpoint"])
def test_what_comes_later_is_unimplemented_and_says_so(method: str) -> None:
    answer = _ask(method, METHODS[method].message(id="web"))
    assert isinstance(answer, Status)
    assert answer.code == Code.UNIMPLEMENTED
    assert method in answer.message


@pytest.mark.parametrize("service", SERVICES)
def test_connect_tells_this_process_and_no_task_for_an_unknown_container(service: str) -> None:
    """T147: an unknown id is no error there."""
    answer = _ask("Connect", task_pb2.ConnectRequest(id="nobody"), service=service)
    assert isinstance(answer, bytes)
    response = task_pb2.ConnectResponse.FromString(answer)
    assert (response.shim_pid, response.task_pid, response.version) == (os.getpid(), 0, "")


def test_shutdown_succeeds_and_ends_nothing() -> None:
    assert _ask("Shutdown", task_pb2.ShutdownRequest(id="web", now=True)) == b""
