import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from google.protobuf.any_pb2 import Any

from adapters.disk import start_note
from adapters.disk.start_note import StartNote
from adapters.messages.bootstrap_pb2 import BootstrapParams, BootstrapResult
from adapters.messages.runc_pb2 import Options
from entrypoints import places
from tests.entrypoints.shim.launching import RunShim, StartDaemon, names_in

START = ("-namespace", "default", "-address", "/run/c.sock", "-id", "web", "start")
TRACE, DEBUG, INFO = -8, -4, 0


def note_in(bundle: Path) -> StartNote:
    return start_note.parse((bundle / places.START_NOTE).read_text())


def params(**fields: object) -> bytes:
    known = {"instance_id": "web", "namespace": "default", **fields}
    return BootstrapParams(**known).SerializeToString()  # type: ignore[arg-type]


def options() -> bytes:
    """As containerd up to 2.2 sends them: the type's bare name."""
    value = Options(binary_name="crun", systemd_cgroup=True).SerializeToString()
    return Any(type_url="containerd.runc.v1.Options", value=value).SerializeToString()


@pytest.mark.parametrize("given", [b"", options()])
def test_a_containerd_without_bootstrap_params_is_answered_in_plain_text(
    shim: RunShim, listening: Callable[[str], Path], given: bytes
) -> None:
    path = listening("default")
    ended = shim(START, given)
    assert ended.returncode == 0
    assert ended.stdout == f"unix://{path}".encode()
    assert ended.stderr == b""


def test_bootstrap_params_are_answered_with_a_bootstrap_result_and_nothing_behind_it(
    shim: RunShim, listening: Callable[[str], Path]
) -> None:
    path = listening("default")
    ended = shim(START, params(containerd_version="2.3.3"))
    expected = BootstrapResult(version=3, address=f"unix://{path}", protocol="ttrpc")
    assert ended.stdout == expected.SerializeToString()
    assert ended.stderr == b""


@pytest.mark.parametrize(
    "given", [params(instance_id="other"), params(namespace="other"), params()[:-1]]
)
def test_bootstrap_params_of_anybody_else_are_not_believed(
    shim: RunShim, listening: Callable[[str], Path], given: bytes
) -> None:
    path = listening("default")
    assert shim(START, given).stdout == f"unix://{path}".encode()


def test_an_options_any_whose_type_is_named_like_the_container_is_still_options(
    shim: RunShim, listening: Callable[[str], Path]
) -> None:
    path = listening("default")
    given = Any(type_url="web", value=b"x").SerializeToString()
    assert shim(START, given).stdout == f"unix://{path}".encode()


@pytest.mark.parametrize(
    ("level", "expected"), [(TRACE, True), (-100, True), (DEBUG, True), (INFO, False), (7, False)]
)
def test_the_log_level_of_containerd_is_noted_as_the_nearest_that_is_known(
    shim: RunShim,
    bundle: Path,
    listening: Callable[[str], Path],
    level: int,
    expected: object,
) -> None:
    listening("default")
    shim(START, params(log_level=level))
    assert note_in(bundle).debug is expected


def test_the_debug_flag_is_noted_and_changes_nothing_else(
    shim: RunShim, bundle: Path, listening: Callable[[str], Path]
) -> None:
    listening("default")
    without = shim(START)
    assert not note_in(bundle).debug
    assert shim(("-debug", *START)).stdout == without.stdout
    assert note_in(bundle).debug


def test_events_go_where_the_params_say_then_the_environment_then_by_the_address(
    shim: RunShim, bundle: Path, listening: Callable[[str], Path]
) -> None:
    listening("default")
    shim(START, params(containerd_ttrpc_address="/params"), TTRPC_ADDRESS="/environment")
    assert note_in(bundle).ttrpc_address == "/params"
    shim(START, params(), TTRPC_ADDRESS="/environment")
    assert note_in(bundle).ttrpc_address == "/environment"
    shim(START)
    assert note_in(bundle).ttrpc_address == "/run/c.sock.ttrpc"


def test_a_line_break_in_an_address_cannot_add_to_the_note(
    shim: RunShim, bundle: Path, listening: Callable[[str], Path]
) -> None:
    listening("default")
    ended = shim(START, TTRPC_ADDRESS="/a\ndebug=true")
    assert ended.returncode != 0
    assert names_in(bundle) == ["config.json"]


def test_the_bundle_holds_the_address_for_a_containerd_that_restarts(
    shim: RunShim, bundle: Path, listening: Callable[[str], Path]
) -> None:
    path = listening("default")
    shim(START)
    address = bundle / places.ADDRESS_FILE
    assert address.read_bytes() == f"unix://{path}".encode()
    assert stat.S_IMODE(address.stat().st_mode) == 0o644
    assert stat.S_IMODE((bundle / places.START_NOTE).stat().st_mode) == 0o600
    assert names_in(bundle) == [
        places.ADDRESS_FILE,
        "config.json",
        places.START_NOTE,
    ]


def test_a_second_start_gives_the_same_address(
    shim: RunShim, listening: Callable[[str], Path]
) -> None:
    listening("default")
    assert shim(START).stdout == shim(START).stdout


@pytest.mark.parametrize(
    "config", ["", "{", '{"a": 1', "[]", '"text"', '{"a": 1} x', '{"a": NaN}', "\ufeff{}", "{a: 1}"]
)
def test_a_broken_config_fails_and_leaves_nothing(
    shim: RunShim, bundle: Path, listening: Callable[[str], Path], config: str
) -> None:
    listening("default")
    (bundle / "config.json").write_text(config, encoding="utf-8")
    ended = shim(START)
    assert ended.returncode == 1
    assert b"config.json is no JSON object" in ended.stderr
    assert ended.stdout == b""
    assert names_in(bundle) == ["config.json"]


def test_a_missing_config_fails_and_leaves_nothing(
    shim: RunShim, bundle: Path, daemon: StartDaemon
) -> None:
    asked = daemon(lambda _: "ok unix:///somewhere\n")
    (bundle / "config.json").unlink()
    ended = shim(START)
    assert ended.returncode == 1
    assert b"config.json: No such file or directory" in ended.stderr
    assert names_in(bundle) == []
    assert asked.requests == []


def test_the_bundle_may_be_named_instead_of_being_the_working_folder(
    shim: RunShim, bundle: Path, tmp_path: Path, listening: Callable[[str], Path]
) -> None:
    listening("default")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text("{}")
    assert shim(("-bundle", str(other), *START)).returncode == 0
    assert (other / places.ADDRESS_FILE).exists()
    assert names_in(bundle) == ["config.json"]


def test_a_namespace_that_is_served_is_not_asked_for_again(
    shim: RunShim, listening: Callable[[str], Path], daemon: StartDaemon
) -> None:
    asked = daemon(lambda _: "error no\n")
    listening("default")
    assert shim(START).returncode == 0
    assert asked.requests == []


def test_a_namespace_that_is_not_served_is_opened_by_the_daemon(
    shim: RunShim, daemon: StartDaemon
) -> None:
    asked = daemon(lambda _: "ok unix:///run/s/default\n")
    assert shim(START).stdout == b"unix:///run/s/default"
    assert asked.requests == ["open default\n"]


def test_a_stale_socket_is_opened_again_by_the_daemon(
    shim: RunShim, run_folder: Path, daemon: StartDaemon
) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(run_folder / "s" / "default"))
    asked = daemon(lambda _: "ok unix:///run/s/default\n")
    assert shim(START).stdout == b"unix:///run/s/default"
    assert asked.requests == ["open default\n"]


def test_without_an_installed_socket_the_error_says_what_to_run(
    shim: RunShim, bundle: Path
) -> None:
    ended = shim(START)
    assert ended.returncode == 1
    assert b"shimctl install" in ended.stderr
    assert names_in(bundle) == ["config.json"]


def test_what_the_daemon_refuses_is_told_in_its_words(
    shim: RunShim, bundle: Path, daemon: StartDaemon
) -> None:
    daemon(lambda _: "error the disk is full\n")
    ended = shim(START)
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert b"the disk is full" in ended.stderr
    assert names_in(bundle) == ["config.json"]


@pytest.mark.parametrize("reply", [None, "", "ok unix:///cut/sho", "what?\n"])
def test_an_answer_that_is_none_is_never_taken_for_an_address(
    shim: RunShim, bundle: Path, daemon: StartDaemon, reply: str | None
) -> None:
    daemon(lambda _: reply)
    ended = shim(START)
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert names_in(bundle) == ["config.json"]


def test_a_bundle_that_cannot_be_written_keeps_nothing_of_a_start(
    shim: RunShim, bundle: Path, listening: Callable[[str], Path]
) -> None:
    listening("default")
    (bundle / places.ADDRESS_FILE).mkdir()  # a rename onto a folder fails, for root too
    ended = shim(START)
    assert ended.returncode == 1
    assert b"cannot write" in ended.stderr
    assert names_in(bundle) == [places.ADDRESS_FILE, "config.json"]
