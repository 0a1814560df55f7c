from collections.abc import Mapping
from pathlib import Path

import pytest

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.unit_name import process_of, unit_name
from entrypoints.shimctl import containers

RUNNING: Mapping[str, str] = {
    "ActiveState": "active",
    "MainPID": "7",
    "ExecMainCode": "0",
    "ExecMainStatus": "0",
    "ControlGroup": "/system.slice/u.service",
}


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "proc" / "7").mkdir(parents=True)
    (tmp_path / "proc" / "7" / "comm").write_text("nginx\n")
    return tmp_path / "proc"


@pytest.fixture
def cgroups(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def key(exec_id: str | None = None, size: int = 3) -> ProcessKey:
    owner = ContainerKey(Namespace("n" * size), ContainerId("c" * size))
    return ProcessKey(owner, ExecId(exec_id) if exec_id else None)


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, "running"),
        ({"ActiveState": "activating"}, "creating"),
        ({"ActiveState": "deactivating"}, "stopping"),
        ({"MainPID": "0", "ExecMainCode": "1", "ExecMainStatus": "3"}, "exited (3)"),
        ({"MainPID": "0", "ExecMainCode": "2", "ExecMainStatus": "9"}, "exited (137)"),
        ({"MainPID": "0", "ExecMainCode": "1", "ActiveState": "failed"}, "exited (0)"),
        ({"MainPID": "0", "ActiveState": "failed"}, "failed"),
    ],
)
def test_the_state_is_in_containerds_words(
    proc: Path, cgroups: Path, properties: Mapping[str, str], expected: str
) -> None:
    assert containers.state({**RUNNING, **properties}, proc, cgroups) == expected


@pytest.mark.parametrize("program", ["runc:[2:INIT]", "crun"])
def test_an_init_that_is_still_the_runtime_is_created(
    proc: Path, cgroups: Path, program: str
) -> None:
    (proc / "7" / "comm").write_text(f"{program}\n")
    assert containers.state(RUNNING, proc, cgroups) == "created"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("system.slice/u.service/container/cgroup.events", "populated 1\nfrozen 1\n"),
        ("freezer/system.slice/u.service/container/freezer.state", "FROZEN\n"),
    ],
)
def test_a_frozen_cgroup_is_a_paused_container(
    proc: Path, cgroups: Path, file: str, text: str
) -> None:
    path = cgroups / file
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert containers.state(RUNNING, proc, cgroups) == "paused"


def test_a_thawed_cgroup_is_none(proc: Path, cgroups: Path) -> None:
    path = cgroups / "system.slice/u.service/container/cgroup.events"
    path.parent.mkdir(parents=True)
    path.write_text("populated 1\nfrozen 0\n")
    assert containers.state(RUNNING, proc, cgroups) == "running"


@pytest.mark.parametrize("exec_id", [None, "x" * 76])
def test_a_name_that_is_cut_is_read_from_the_description_and_proved_by_the_name(
    exec_id: str | None,
) -> None:
    process = key(exec_id, size=76)
    name = unit_name(process)
    whose = f"container {process.owner}"
    description = f"Exec {exec_id} in {whose}" if exec_id else whose.capitalize()
    if process_of(name) is None:
        assert containers.process(name, f"Exec sh in {whose}") is None
    assert containers.process(name, description) == process


def test_a_name_that_says_it_all_needs_no_description() -> None:
    assert containers.process(unit_name(key("sh")), "") == key("sh")


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0s"), (59, "59s"), (60, "1m"), (7200, "2h"), (90_000, "1d")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: int, expected: str) -> None:
    assert containers.age(seconds) == expected
