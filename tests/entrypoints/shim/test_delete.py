import subprocess
from pathlib import Path

import pytest

from adapters.messages.task_pb2 import DeleteResponse
from tests.entrypoints.shim.launching import RunShim, StartDaemon

DELETE = ("-namespace", "default", "-id", "web")
KILLED = 137


def response(ended: subprocess.CompletedProcess[bytes]) -> DeleteResponse:
    assert ended.returncode == 0
    return DeleteResponse.FromString(ended.stdout)


def test_the_daemons_answer_is_exactly_one_delete_response_and_no_other_byte(
    shim: RunShim, daemon: StartDaemon
) -> None:
    daemon(lambda _: "ok 4711 42 1700000000 123456789\n")
    ended = shim([*DELETE, "-bundle", "/b", "delete"])
    expected = DeleteResponse(pid=4711, exit_status=42)
    expected.exited_at.seconds, expected.exited_at.nanos = 1_700_000_000, 123_456_789
    assert ended.stdout == expected.SerializeToString()
    assert ended.stderr == b""
    assert ended.returncode == 0


def test_the_request_names_namespace_id_and_the_bundle_with_its_blanks(
    shim: RunShim, daemon: StartDaemon
) -> None:
    asked = daemon(lambda _: "ok 1 0 1 0\n")
    shim([*DELETE, "-bundle", "/state/with blanks/web", "delete"])
    assert asked.requests == ["delete default web /state/with blanks/web\n"]


def test_without_a_bundle_flag_it_is_the_working_folder(
    shim: RunShim, bundle: Path, daemon: StartDaemon
) -> None:
    asked = daemon(lambda _: "ok 1 0 1 0\n")
    shim([*DELETE, "delete"])
    assert asked.requests == [f"delete default web {bundle}\n"]


def test_an_exit_of_0_in_the_first_second_is_told_too(shim: RunShim, daemon: StartDaemon) -> None:
    daemon(lambda _: "ok 0 0 0 0\n")
    answer = response(shim([*DELETE, "delete"]))
    assert answer.HasField("exited_at")
    assert answer == DeleteResponse(exited_at=answer.exited_at)


@pytest.mark.parametrize(
    "reply", [None, "error the bus is away\n", "ok 1 0\n", "ok 1 0 x 0\n", "ok -1 0 1 0\n"]
)
def test_whatever_the_daemon_says_instead_the_work_is_done_and_the_reason_told(
    shim: RunShim, daemon: StartDaemon, programs: Path, reply: str | None
) -> None:
    daemon(lambda _: reply)
    ended = shim([*DELETE, "delete"], PATH=f"{programs}:/usr/bin:/bin")
    assert response(ended).exit_status == KILLED
    assert ended.stderr != b""


def test_without_a_daemon_the_work_is_done_and_can_be_done_again(
    shim: RunShim, programs: Path
) -> None:
    for _ in range(2):
        ended = shim([*DELETE, "delete"], PATH=f"{programs}:/usr/bin:/bin")
        assert response(ended).exit_status == KILLED
        assert response(ended).exited_at.seconds > 0
        assert b"shimctl install" in ended.stderr


def test_a_bundle_that_would_forge_a_second_request_is_not_sent(
    shim: RunShim, daemon: StartDaemon, programs: Path
) -> None:
    asked = daemon(lambda _: "ok 1 0 1 0\n")
    ended = shim([*DELETE, "-bundle", "/b\ndelete x y", "delete"], PATH=f"{programs}:/usr/bin:/bin")
    assert response(ended).exit_status == KILLED
    assert asked.requests == []
