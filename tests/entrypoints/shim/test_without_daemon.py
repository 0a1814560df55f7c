import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.disk import record as form
from domain.exit_status import Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, Namespace, Pid
from domain.lifecycle import Phase
from domain.record import ContainerRecord, ProcessRecord
from domain.request import RuntimeOptions, Stdio
from domain.unit import InvocationId
from entrypoints.shim import without_daemon
from entrypoints.shim.ended import Ended

OWNER = ContainerKey(Namespace("default"), ContainerId("web"))
UNIT = "io-containerd-systemd-default-web-init.service"
EXEC = "io-containerd-systemd-default-web-sh-exec.service"
ENDED: Mapping[str, str] = {
    "LoadState": "loaded",
    "InvocationID": "a" * 32,
    "ExecMainPID": "4711",
    "ExecMainCode": "1",
    "ExecMainStatus": "3",
    "ExecMainExitTimestamp": "Tue 2026-11-24 13:53:06.970208 UTC",
}
ENDED_AT = 1_795_528_386
RUNNING = {**ENDED, "ExecMainCode": "0", "ExecMainStatus": "0", "ExecMainExitTimestamp": ""}


def record(life: int = 1, **changes: object) -> ContainerRecord:
    init = ProcessRecord(None, Phase.RUNNING, Stdio(), InvocationId("a" * 32), Pid(4711))
    plain = ContainerRecord(
        OWNER,
        life=life,
        bundle="/b",
        rootfs=(),
        checkpoint="",
        options=RuntimeOptions(),
        debug=False,
        publish_to="",
        slice="system.slice",
        cgroup="/system.slice/web.service/container",
        private_pid_namespace=True,
        init=init,
    )
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def told(record: ContainerRecord, status: int) -> ContainerRecord:
    end = Exit(ExitStatus(status), Timestamp(1_700_000_000_000_000_001))
    return dataclasses.replace(record, init=dataclasses.replace(record.init, exit=end))


class World:
    """A run folder, a bundle, and what systemd and runc would say."""

    def __init__(self, run_folder: Path, bundle: Path, programs: Path) -> None:
        self.run_folder = run_folder
        self.bundle = bundle
        self.programs = programs

    def unit(self, name: str, properties: Mapping[str, str]) -> None:
        text = "".join(f"{key}={value}\n" for key, value in properties.items())
        (self.programs / f"{name}.properties").write_text(text)

    def saved(self, record: ContainerRecord) -> Path:
        folder = self.run_folder / "state" / form.TASKS / record.owner.namespace
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{record.owner.container}.{record.life}{form.SUFFIX}"
        path.write_bytes(form.encode(record))
        return path

    def clean_up(self) -> Ended:
        ended, trouble = without_daemon.clean_up(
            "default", "web", str(self.bundle), str(self.run_folder), time.monotonic() + 30
        )
        assert trouble == []
        return ended

    @property
    def calls(self) -> list[str]:
        path = self.programs / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def done(self, verb: str) -> list[str]:
        """The units that `systemctl VERB` was asked for."""
        return [
            word
            for call in self.calls
            if f" {verb} " in call
            for word in call.split(" -- ")[1].split()
        ]


@pytest.fixture
def world(run_folder: Path, bundle: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return World(run_folder, bundle, programs)


def test_a_program_that_ended_by_itself_is_told_with_its_own_status_and_time(world: World) -> None:
    world.unit(UNIT, ENDED)
    ended = world.clean_up()
    assert (ended.pid, ended.status) == (4711, 3)
    assert (ended.seconds, ended.nanos) == (ENDED_AT, 970_208_000)


def test_a_program_that_systemd_saw_die_by_a_signal_is_told_with_128_and_the_signal(
    world: World,
) -> None:
    world.unit(UNIT, {**ENDED, "ExecMainCode": "2", "ExecMainStatus": "15"})
    assert world.clean_up().status == 128 + 15


def test_a_running_container_is_killed_stopped_and_let_go(world: World) -> None:
    world.unit(UNIT, RUNNING)
    before = time.time()
    ended = world.clean_up()
    assert (ended.pid, ended.status) == (4711, 137)
    assert ended.seconds >= int(before)
    assert world.done("kill") == [UNIT]
    assert world.done("stop") == [UNIT]
    assert world.done("reset-failed") == [UNIT]


def test_the_units_of_its_execs_go_with_it_and_nobody_elses(world: World) -> None:
    world.unit(UNIT, RUNNING)
    (world.programs / "patterns.properties").write_text(
        f"Id={EXEC}\nWorkingDirectory=!{world.bundle}\n\nId=other-exec.service\nWorkingDirectory=/other\n"
    )
    world.clean_up()
    assert world.done("stop") == [UNIT, EXEC]


def test_a_container_of_which_nothing_is_left_changes_nothing(world: World) -> None:
    ended = world.clean_up()
    assert (ended.pid, ended.status) == (0, 137)
    assert {call.split()[2] for call in world.calls} == {"show"}


def test_the_pid_that_runc_wrote_down_is_told_where_systemd_knows_none(world: World) -> None:
    (world.bundle / "init.pid").write_text("4712")
    assert world.clean_up().pid == 4712


def test_an_end_that_was_told_before_never_changes(world: World) -> None:
    world.unit(UNIT, ENDED)
    world.saved(told(record(), 42))
    ended = world.clean_up()
    assert (ended.status, ended.seconds, ended.nanos) == (42, 1_700_000_000, 1)


def test_another_incarnation_of_the_unit_says_nothing_about_this_container(world: World) -> None:
    world.unit(UNIT, {**ENDED, "InvocationID": "b" * 32})
    world.saved(record())
    assert world.clean_up().status == 137


def test_the_runtime_is_the_one_that_the_container_was_made_with(
    world: World, tmp_path: Path
) -> None:
    root = tmp_path / "a root"
    (root / "default" / "web").mkdir(parents=True)
    other = world.programs / "other-runc"
    other.write_bytes((world.programs / "runc").read_bytes().replace(b"runc $", b"other-runc $"))
    other.chmod(0o755)
    world.saved(record(options=RuntimeOptions(binary="other-runc", root=str(root))))
    world.clean_up()
    assert f"other-runc --root {root}/default delete --force web" in world.calls


def test_the_record_goes_and_that_of_any_other_container_stays(world: World) -> None:
    own = world.saved(record())
    neighbours = [
        world.saved(record(owner=ContainerKey(Namespace(namespace), ContainerId(container))))
        for namespace, container in (("default", "web.1"), ("default", "we"), ("other", "web"))
    ]
    world.clean_up()
    assert not own.exists()
    assert all(path.exists() for path in neighbours)


def test_a_record_that_only_owes_an_event_is_the_daemons_business(world: World) -> None:
    owing = world.saved(record(life=1, deleted=True))
    present = world.saved(record(life=2))
    world.clean_up()
    assert owing.exists()
    assert not present.exists()


def test_a_record_that_cannot_be_read_goes_too(world: World) -> None:
    path = world.saved(record())
    path.write_text("{")
    world.unit(UNIT, ENDED)
    assert world.clean_up().status == 3
    assert not path.exists()


def test_a_step_that_fails_keeps_no_other_from_its_turn(world: World) -> None:
    (world.programs / "systemctl").write_text("#!/bin/sh\necho no bus >&2\nexit 1\n")
    path = world.saved(record())
    ended, trouble = without_daemon.clean_up(
        "default", "web", str(world.bundle), str(world.run_folder), time.monotonic() + 30
    )
    assert ended.status == 137
    assert any("no bus" in line for line in trouble)
    assert not path.exists()
