"""Requests into domain values and domain values into replies."""

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from returns.result import Failure

from adapters.disk.start_note import StartNote
from adapters.messages import mount_pb2, process_pb2, runc_pb2, task_pb2
from adapters.task_service import replies, requests
from adapters.task_service.options import runtime_options
from domain.exit_status import NEVER, Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, Pid, ProcessKey
from domain.lifecycle import Phase
from domain.request import Mount, RuntimeOptions, Stdio
from domain.use_cases.delete import Departed
from domain.use_cases.query import ListedProcess, ProcessView

WEB = ContainerKey(Namespace("default"), ContainerId("web"))


@pytest.mark.parametrize("prefix", ["", "type.googleapis.com/"])
def test_runcs_options_are_understood_with_and_without_a_host(prefix: str) -> None:
    """T100, T103."""
    asked = runc_pb2.Options(
        binary_name="crun",
        root="/run/other",
        no_pivot_root=True,
        no_new_keyring=True,
        systemd_cgroup=True,
        io_uid=7,
        io_gid=8,
        criu_work_path="/w",
    )
    packed = AnyMessage(
        type_url=f"{prefix}containerd.runc.v1.Options", value=asked.SerializeToString()
    )
    assert runtime_options(packed).unwrap() == RuntimeOptions(
        "crun", "/run/other", True, True, True, 7, 8, "/w"
    )


def test_absent_options_mean_the_defaults() -> None:
    """T102; a restore of containerd 2.1 sends an Any that is there and empty."""
    assert runtime_options(AnyMessage()).unwrap() == RuntimeOptions()


@pytest.mark.parametrize(
    "packed",
    [
        AnyMessage(type_url="runtimeoptions.v1.Options", value=b""),
        AnyMessage(type_url="containerd.runc.v1.Options", value=b"\xff"),
    ],
)
def test_foreign_or_broken_options_are_refused(packed: AnyMessage) -> None:
    """T101."""
    assert isinstance(runtime_options(packed), Failure)


def test_a_create_request_arrives_whole() -> None:
    message = task_pb2.CreateTaskRequest(
        id="web",
        bundle="/run/b/web/",
        rootfs=[mount_pb2.Mount(type="overlay", source="overlay", options=["a", "b"])],
        stdin="/i",
        stdout="/o",
        stderr="/e",
        checkpoint="/c",
    )
    request = requests.create(WEB, message, StartNote(debug=True, ttrpc_address="/t")).unwrap()
    assert request.bundle == "/run/b/web"
    assert request.rootfs == (Mount("overlay", "overlay", "", ("a", "b")),)
    assert request.stdio == Stdio("/i", "/o", "/e", terminal=False)
    assert (request.checkpoint, request.debug, request.publish_to) == ("/c", True, "/t")


def test_a_bundle_that_is_no_absolute_path_is_refused() -> None:
    message = task_pb2.CreateTaskRequest(id="web", bundle="b")
    assert isinstance(requests.create(WEB, message, StartNote()), Failure)


def test_an_exec_with_a_terminal_has_no_stderr() -> None:
    message = task_pb2.ExecProcessRequest(
        id="web", exec_id="e", terminal=True, stdout="/o", stderr="/e", spec=AnyMessage(value=b"{}")
    )
    request = requests.add_exec(WEB, message).unwrap()
    assert request.stdio == Stdio("", "/o", "", terminal=True)
    assert request.spec == b"{}"


def _view(phase: Phase, ended: Exit | None, exec_id: str = "") -> task_pb2.StateResponse:
    key = ProcessKey(WEB, ExecId(exec_id) if exec_id else None)
    return replies.state(ProcessView(key, "/b", Pid(9), phase, Stdio(stdout="/o"), ended))


@pytest.mark.parametrize(
    ("phase", "status"),
    [
        (Phase.CREATED, process_pb2.CREATED),
        (Phase.STARTING, process_pb2.CREATED),
        (Phase.RUNNING, process_pb2.RUNNING),
        (Phase.PAUSED, process_pb2.PAUSED),
        (Phase.EXITED, process_pb2.STOPPED),
        (Phase.DELETED, process_pb2.STOPPED),
    ],
)
def test_each_phase_has_a_status(phase: Phase, status: process_pb2.Status) -> None:
    assert _view(phase, None).status == status


def test_before_the_exit_clients_see_gos_zero_time() -> None:
    """T137."""
    response = _view(Phase.RUNNING, None)
    assert (response.exit_status, response.exited_at.seconds) == (0, -62_135_596_800)


def test_an_exit_keeps_its_nanoseconds() -> None:
    ended = Exit(ExitStatus(137), Timestamp(1_700_000_000_123_456_000))
    for response in (
        _view(Phase.EXITED, ended),
        replies.wait(ended),
        replies.delete(Departed(Pid(9), ended)),
    ):
        at = response.exited_at
        assert (response.exit_status, at.seconds, at.nanos) == (137, 1_700_000_000, 123_456_000)


def test_the_id_of_an_execs_state_is_the_execs() -> None:
    """T136."""
    response = _view(Phase.RUNNING, None, "e")
    assert (response.id, response.exec_id) == ("e", "")
    assert _view(Phase.RUNNING, None).id == "web"


def test_an_exec_that_never_ran_departs_with_zeros() -> None:
    """T180."""
    response = replies.delete(Departed(Pid(0), Exit(ExitStatus(0), NEVER)))
    assert (response.pid, response.exit_status, response.exited_at.seconds) == (
        0,
        0,
        -62_135_596_800,
    )


def test_a_pid_says_which_exec_it_is() -> None:
    """T145."""
    response = replies.pids((ListedProcess(Pid(1), None), ListedProcess(Pid(2), ExecId("e"))))
    first, second = response.processes
    assert not first.HasField("info")
    assert second.info.type_url == "containerd.runc.v1.ProcessDetails"
    assert runc_pb2.ProcessDetails.FromString(second.info.value).exec_id == "e"
