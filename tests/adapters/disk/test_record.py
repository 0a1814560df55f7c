"""The form of a record on disk."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.disk.record import Unreadable, decode, encode
from domain.record import ContainerRecord
from tests.contracts.records_contract import WEB


@given(st.from_type(ContainerRecord))
def test_every_record_is_read_as_it_was_written(record: ContainerRecord) -> None:
    assert decode(encode(record)) == record


def test_a_record_is_one_line_of_ascii() -> None:
    data = encode(WEB)
    assert data.isascii()
    assert data.index(b"\n") == len(data) - 1


def test_the_form_of_version_1_has_not_changed_by_accident() -> None:
    """If this fails, the daemon before an update wrote records that the one after cannot read."""
    process: dict[str, Any] = {
        "exec_id": None, "phase": "created", "invocation": None, "pid": 0, "program": None,
        "stdio": {
            "stdin": "/in", "stdout": "/out ü\n\U0001f600", "stderr": "/err", "terminal": False,
        },
        "exit": None, "started": False, "never_ran": False, "told": [],
    }  # fmt: skip
    an_exec = {
        "exec_id": "e-1", "phase": "exited", "invocation": "0123456789abcdef0123456789abcdef",
        "stdio": {"stdin": "", "stdout": "/run/out", "stderr": "", "terminal": True},
        "pid": 77, "program": {"pid": 77, "started_ticks": 12345678901},
        "exit": {"status": 137, "at": 1795527840123456789}, "started": True, "never_ran": False,
        "told": ["created", "started"],
    }  # fmt: skip
    assert json.loads(encode(WEB)) == {
        "version": 1,
        "record": {
            "owner": {"namespace": "k8s.io", "container": "web"},
            "life": 1795527840000000001,
            "bundle": "/run/containerd/io.containerd.runtime.v2.task/k8s.io/web",
            "rootfs": [
                {
                    "kind": "overlay", "source": "overlay", "target": "",
                    "options": ["lowerdir=/a:/b", "ro"],
                },
                {"kind": "bind", "source": "/x", "target": "y", "options": []},
            ],
            "checkpoint": "",
            "options": {
                "binary": "crun", "root": "/run/containerd/runc", "no_pivot_root": True,
                "no_new_keyring": False, "systemd_cgroup": False, "io_uid": 0, "io_gid": 0,
                "criu_work_path": "",
            },
            "debug": True,
            "publish_to": "/run/containerd/containerd.sock.ttrpc",
            "slice": "system.slice",
            "cgroup": "/system.slice/web.service",
            "private_pid_namespace": True,
            "init": process,
            "execs": [an_exec],
            "departed": [an_exec | {"exec_id": "e-2", "never_ran": True}],
            "created": True, "deleting": False, "deleted": False,
        },
    }  # fmt: skip


def test_a_field_that_came_later_and_has_a_default_may_be_missing() -> None:
    document = json.loads(encode(WEB))
    del document["record"]["created"]
    del document["record"]["init"]["told"]
    read = decode(json.dumps(document).encode())
    assert read.created is False
    assert read.init.told == frozenset()


def changed(path: str, value: Any) -> bytes:
    document = json.loads(encode(WEB))
    *way, last = path.split(".")
    at = document
    for key in way:
        at = at[int(key)] if key.isdigit() else at[key]
    if value is KeyError:
        del at[last]
    else:
        at[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("version", True),
        ("version", "1"),
        ("record", None),
        ("more", 1),
        ("record.bundle", KeyError),
        ("record.bundle", 7),
        ("record.bundle", None),
        ("record.new", 1),
        ("record.debug", 1),
        ("record.life", True),
        ("record.life", 1.5),
        ("record.owner", "k8s.io/web"),
        ("record.rootfs", {}),
        ("record.rootfs", ["x"]),
        ("record.rootfs.0.options", ["a", 7]),
        ("record.init.phase", "dead"),
        ("record.init.exit", {"status": 1}),
        ("record.init.exit", 0),
        ("record.execs.0.told", ["heard"]),
        ("record.execs.0.told", [[]]),
        ("record.execs.0.program.pid", "77"),
    ],
)
def test_what_no_daemon_wrote_is_unreadable(path: str, value: Any) -> None:
    with pytest.raises(Unreadable):
        decode(changed(path, value))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"\xff", b"{", b"[" * 100_000])
def test_what_is_no_record_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(data)


@given(st.integers(0, len(encode(WEB)) - 2))
def test_a_part_of_a_record_is_unreadable(length: int) -> None:
    with pytest.raises(Unreadable):
        decode(encode(WEB)[:length])
