"""What the recordings show of containerd's habits, which the server relies on."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final

import pytest

from adapters.messages import events_pb2, forward_pb2, process_pb2, task_pb2
from tests.recordings.frames import (
    GENERATIONS,
    METHODS,
    REQUEST,
    RESPONSE,
    Line,
    Recorded,
    calls,
    frames,
    opened,
)

NAMESPACE_KEY: Final = "containerd-namespace-ttrpc"
# Go's zero time.Time, the first second of year 1, in seconds from 1970.
ZERO_TIME_SECONDS: Final = -62135596800

every_generation = pytest.mark.parametrize("generation", GENERATIONS)


def asked(generation: str) -> list[Recorded]:
    """containerd's requests."""
    return [
        recorded
        for recorded in frames(generation)
        if recorded.is_request and recorded.speaker == "containerd"
    ]


def answered(generation: str) -> list[Recorded]:
    return [recorded for recorded in frames(generation) if not recorded.is_request]


def task_requests(lines: Iterable[Line]) -> list[str]:
    """Methods with their time limits, in order."""
    return [
        f"{line.what} {line.rest}".strip()
        for line in lines
        if line.link.startswith("task") and line.sign == ">"
    ]


@every_generation
def test_containerd_was_heard_with_every_method_of_the_task_service(generation: str) -> None:
    heard = {recorded.method for recorded in asked(generation)}
    assert heard == set(METHODS) - {"Forward"}


@pytest.mark.parametrize(
    ("generation", "service"),
    [
        ("bookworm", "containerd.task.v2.Task"),
        ("trixie", "containerd.task.v2.Task"),
        ("sid", "containerd.task.v3.Task"),
    ],
)
def test_the_service_is_that_of_the_version_that_start_answered(
    generation: str, service: str
) -> None:
    assert {recorded.request.service for recorded in asked(generation)} == {service}


@every_generation
def test_no_frame_of_a_unary_call_carries_a_flag(generation: str) -> None:
    for recorded in frames(generation):
        length, stream, kind, flags = recorded.header
        assert flags == 0
        assert kind in {REQUEST, RESPONSE}
        assert stream % 2 == 1
        assert length == len(recorded.data)


@every_generation
def test_an_answer_that_is_no_failure_carries_no_status(generation: str) -> None:
    failures = [recorded for recorded in answered(generation) if recorded.response.status.code]
    assert {recorded.method for recorded in failures} >= {"Create", "Start", "Delete"}
    for recorded in answered(generation):
        assert recorded.response.HasField("status") == (recorded in failures)
        if recorded in failures:
            assert recorded.payload == b""


@every_generation
def test_an_empty_answer_is_a_frame_without_data(generation: str) -> None:
    empty = [recorded for recorded in answered(generation) if recorded.method == "Forward"]
    assert empty
    assert {recorded.data for recorded in empty} == {b""}


@pytest.mark.parametrize(
    ("generation", "with_namespace"),
    [
        ("bookworm", {"restart Connect"}),
        ("trixie", {"restart Connect", "restart Pids"}),
    ],
)
def test_debians_older_containerds_tell_the_namespace_only_while_they_load_shims_again(
    generation: str, with_namespace: set[str]
) -> None:
    told = {
        f"{recorded.scenario} {recorded.method}"
        for recorded in asked(generation)
        if recorded.request.metadata
    }
    assert told == with_namespace


def test_containerd_2_tells_the_namespace_with_every_call() -> None:
    for recorded in asked("sid"):
        pairs = [(pair.key, pair.value) for pair in recorded.request.metadata]
        namespace = "moby" if recorded.scenario == "docker" else "default"
        assert pairs == [(NAMESPACE_KEY, namespace)]


@every_generation
def test_events_carry_their_namespace_in_the_envelope_and_beside_it(generation: str) -> None:
    events = [recorded for recorded in frames(generation) if recorded.link == "events"]
    for recorded in (event for event in events if event.is_request):
        message = recorded.message
        assert isinstance(message, forward_pb2.ForwardRequest)
        pairs = [(pair.key, pair.value) for pair in recorded.request.metadata]
        assert pairs == [(NAMESPACE_KEY, message.envelope.namespace)]
        assert recorded.request.service == "containerd.services.events.ttrpc.v1.Events"


@every_generation
def test_the_init_process_exits_under_the_containers_id_and_is_deleted_under_none(
    generation: str,
) -> None:
    seen: set[str] = set()
    for recorded in frames(generation):
        message = recorded.message
        if not isinstance(message, forward_pb2.ForwardRequest) or recorded.scenario != "run-rm":
            continue
        event = opened(message.envelope.event)
        if isinstance(event, events_pb2.TaskExit):
            assert event.id == event.container_id
            seen.add("exit")
        if isinstance(event, events_pb2.TaskDelete):
            assert event.id == ""
            seen.add("delete")
    assert seen == {"exit", "delete"}


@every_generation
def test_a_process_that_has_not_exited_has_the_zero_time_for_its_exit(generation: str) -> None:
    states = [recorded.message for recorded in answered(generation) if recorded.method == "State"]
    running = [
        state
        for state in states
        if isinstance(state, task_pb2.StateResponse) and state.status == process_pb2.RUNNING
    ]
    assert running
    assert {state.exited_at.seconds for state in running} == {ZERO_TIME_SECONDS}


@every_generation
def test_the_state_of_an_exec_has_the_execs_id_for_its_id(generation: str) -> None:
    for recorded in answered(generation):
        state = recorded.message
        if isinstance(state, task_pb2.StateResponse) and recorded.scenario == "life":
            assert state.exec_id == ""
            assert state.bundle.endswith("/rec-life")
    ids = {
        recorded.message.id
        for recorded in answered(generation)
        if isinstance(recorded.message, task_pb2.StateResponse)
    }
    assert "terminal" in ids


@pytest.mark.parametrize("generation", ["trixie", "sid"])
def test_options_may_be_there_and_empty(generation: str) -> None:
    requests = [recorded.message for recorded in asked(generation)]
    creates = [ask for ask in requests if isinstance(ask, task_pb2.CreateTaskRequest)]
    empty = [ask for ask in creates if ask.HasField("options") and not ask.options.type_url]
    # What ctr restores from a checkpoint.
    assert [ask.id for ask in empty] == ["rec-restored"]
    assert empty[0].checkpoint
    assert empty[0].options.value == b""


@every_generation
def test_a_foreground_life_is_asked_for_in_this_order(generation: str) -> None:
    lines = calls(generation)["run-rm"]
    methods = task_requests(lines)
    # The client waits, starts and asks for the pid from threads of its own: those three race.
    assert methods[:2] == ["Create", "Connect"]
    assert sorted(methods[2:5]) == ["Connect", "Start", "Wait"]
    assert methods[5:] == ["State", "State 2s", "Delete", "Shutdown 3s"]
    # After Shutdown both sides close, in either order; only then the binary's `delete` runs.
    around = [line.what for line in lines if line.sign == "!" or line.link == "task0"]
    assert around[0] == "start"
    assert around[-2:] == ["closed", "delete"]


@every_generation
def test_after_a_create_that_failed_comes_delete_then_shutdown(generation: str) -> None:
    assert task_requests(calls(generation)["missing"]) == ["Create", "Delete 5s", "Shutdown 3s"]


@every_generation
def test_an_exec_is_looked_up_before_it_is_started_and_before_it_is_waited_for(
    generation: str,
) -> None:
    methods = task_requests(calls(generation)["life"])
    first = methods.index("Exec")
    one_exec = methods[first : methods.index("Delete")]
    assert one_exec[:2] == ["Exec", "State"]
    # Start and Wait race, each behind a State of its own.
    both_asked = max(one_exec.index("Start"), one_exec.index("Wait"))
    assert one_exec[:both_asked].count("State") >= 2


@pytest.mark.parametrize(
    ("generation", "loading"),
    [
        ("bookworm", ["Connect 5s"]),
        ("trixie", ["Connect 5s", "Pids"]),
        ("sid", ["Connect 5s", "Pids"]),
    ],
)
def test_a_restarted_containerd_asks_for_the_pid_and_from_1_7_on_for_all_pids(
    generation: str, loading: list[str]
) -> None:
    again = [line for line in calls(generation)["restart"] if line.link == "task1"]
    assert task_requests(again)[: len(loading)] == loading
    assert task_requests(again)[len(loading)] == "State 2s"


@every_generation
def test_streams_are_odd_and_rise_by_two_on_each_connection(generation: str) -> None:
    for lines in calls(generation).values():
        streams: dict[str, list[int]] = {}
        for line in lines:
            if line.sign == ">":
                streams.setdefault(line.link, []).append(line.stream)
        for numbers in streams.values():
            assert numbers[0] == 1
            assert all(after == before + 2 for before, after in pairwise(numbers))


@every_generation
def test_time_limits_are_these_and_no_others(generation: str) -> None:
    limits: dict[str, set[str]] = {}
    for lines in calls(generation).values():
        for line in lines:
            if line.link.startswith("task") and line.sign == ">":
                limits.setdefault(line.what, set()).add(line.rest)
    limited: Mapping[str, set[str]] = {
        "State": {"", "2s"},  # 2 s when containerd lists or gets tasks
        "Delete": {"", "5s", "30s"},  # cleaning up a failed Create; docker's own
        "Shutdown": {"3s"},
        "Connect": {"", "5s"},  # 5 s when a restarted containerd loads shims
    }
    for method, seen in limits.items():
        assert seen == limited.get(method, {""}), method
