"""F116: the disk did not take what a daemon wrote last; the next one asks systemd and runc."""

from dataclasses import fields
from typing import Final

import pytest
from returns.result import Success

from domain import bundle_files, limits
from domain.event import TaskExited, TaskStarted
from domain.lifecycle import Phase
from domain.record import ContainerRecord
from domain.refusal import BeingDeleted, UnknownContainer
from domain.request import RuntimeOptions
from domain.unit_definition import UnitDefinition
from sim.faults import At, Does
from sim.world.kernel import Program
from sim.world.unit import Job
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, asked, refused
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)
DISK_FULL: Final = 1_000
LIFE: Final = ["TaskCreated", "TaskStarted", "TaskExited", "TaskDeleted"]


def disk_is_full(scene: Scene) -> None:
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, times=DISK_FULL)


def disk_has_room(scene: Scene) -> None:
    scene.script.lines.clear()


def restored(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.pass_time()


# A Start of which the record says nothing.


@pytest.mark.parametrize("frozen", [Scene.resume, Scene.pause], ids=["running", "paused"])
def test_a_start_that_the_record_does_not_know_is_found_out_from_runc(
    scene: Scene, frozen: object
) -> None:
    pid = scene.created()
    scene.pass_time()
    disk_is_full(scene)
    scene.start().unwrap()
    if frozen is Scene.pause:
        scene.pause().unwrap()
    phase = scene.view().phase
    scene.crash()
    disk_has_room(scene)
    scene.boot()
    assert scene.view().phase is phase
    scene.pass_time()
    assert scene.events()[1] == TaskStarted(WEB, pid)
    scene.ends_well()


def test_a_resume_that_the_record_does_not_know_is_found_out_from_runc(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()
    scene.pass_time()
    disk_is_full(scene)
    scene.resume().unwrap()
    scene.crash()
    disk_has_room(scene)
    scene.boot()
    assert scene.view().phase is Phase.RUNNING


def test_a_restore_that_the_record_does_not_know_is_found_out_from_systemd(scene: Scene) -> None:
    restored(scene)
    disk_is_full(scene)
    pid = scene.start().unwrap()
    scene.crash()
    disk_has_room(scene)
    scene.boot()
    assert (scene.view().phase, scene.view().pid) == (Phase.RUNNING, pid)
    scene.ends(pid, 3)
    scene.pass_time()
    assert scene.wait().unwrap().status == 3
    scene.delete().unwrap()
    assert scene.story() == LIFE
    assert scene.left() == {}


@pytest.mark.parametrize("ends_before", [True, False])
def test_f104_a_restore_that_systemd_alone_knows_has_been(
    scene: Scene, *, ends_before: bool
) -> None:
    """runc does not know it, and its pid file cannot be read."""
    restored(scene)
    pid = scene.start().unwrap()
    scene.crash()
    scene.machine.disk.bundles[BUNDLE].files.pop(bundle_files.pid_file(BUNDLE, None))
    scene.at(At.RUNC_STATE, Does.FAILS_BEFORE, times=DISK_FULL)
    if ends_before:
        scene.ends(pid, 3)
        scene.pass_time()
    scene.boot()
    if not ends_before:
        scene.ends(pid, 3)
    assert scene.wait().unwrap().status == 3
    scene.pass_time()
    assert scene.story()[:3] == LIFE[:3]


def test_a_restore_that_failed_unknown_to_the_record_is_told_as_ended(scene: Scene) -> None:
    restored(scene)
    disk_is_full(scene)
    scene.dies_at(At.RUNC_CREATE, scene.starting(), Does.FAILS_BEFORE)
    disk_has_room(scene)
    scene.pass_time()
    scene.boot()
    exit_ = scene.wait().unwrap()
    assert exit_.status == 255
    assert exit_.at <= scene.world.wall()
    assert scene.heard() == ["TaskCreated", "TaskExited"]
    scene.delete().unwrap()
    assert scene.left() == {}


def test_s1_the_end_of_a_failed_restore_is_the_same_from_every_daemon(scene: Scene) -> None:
    """It has the daemon's own time, so it is written down before it is told."""
    restored(scene)
    scene.dies_at(At.RUNC_CREATE, scene.starting(), Does.FAILS_BEFORE)
    scene.pass_time()
    scene.at(At.RECORD_SAVE, Does.LATE, times=DISK_FULL)
    scene.serving.boot()
    scene.pass_time()
    disk_has_room(scene)
    scene.restart()
    scene.pass_time()
    told = {event.exit for event in scene.events() if isinstance(event, TaskExited)}
    assert told == {scene.wait().unwrap()}


def test_the_start_of_an_exec_that_the_record_does_not_know_is_found_out(scene: Scene) -> None:
    scene.added()
    disk_is_full(scene)
    scene.start(EXEC).unwrap()
    pid = scene.view(EXEC).pid
    scene.crash()
    disk_has_room(scene)
    scene.boot()
    assert (scene.view(EXEC).phase, scene.view(EXEC).pid) == (Phase.RUNNING, pid)
    scene.ends(pid, 3)
    scene.pass_time()
    assert scene.wait(EXEC).unwrap().status == 3
    assert scene.story()[-2:] == ["ExecStarted sh", "TaskExited sh"]


# systemd, while recovery asks.


def test_a_container_that_systemd_does_not_know_is_not_waited_for(scene: Scene) -> None:
    restored(scene)
    before = scene.world.scheduler.now
    scene.restart()
    assert scene.view().phase is Phase.CREATED
    assert scene.world.scheduler.now - before < limits.START_LOOK


def test_f87_a_systemd_that_is_away_for_20_s_is_not_one_that_knows_no_unit(scene: Scene) -> None:
    restored(scene)
    disk_is_full(scene)
    pid = scene.start().unwrap()
    scene.crash()
    disk_has_room(scene)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE, times=1_000_000)
    scene.boot()
    scene.pass_time(20.0)
    scene.script.lines.clear()
    scene.pass_time(2.0)
    assert (scene.view().phase, scene.view().pid) == (Phase.RUNNING, pid)


# What the record does know.


def test_what_was_asked_of_a_create_outlives_the_daemon(scene: Scene) -> None:
    scene.bundle(private=False)
    scene.machine.disk.bundles[BUNDLE].cgroups_path = "own.slice:cri:web"
    options = RuntimeOptions(binary="crun", systemd_cgroup=True)
    scene.create(asked(options=options, debug=True)).unwrap()
    scene.start()
    scene.pass_time()
    before = scene.shim.containers[WEB]
    scene.restart()
    after = scene.shim.containers[WEB]
    of_both = {field.name for field in fields(ContainerRecord)} - {
        *("init", "execs", "departed", "deleting"),
    }
    for name in sorted(of_both):
        assert getattr(after, name) == getattr(before, name), name
    assert (after.debug, after.slice, after.private_pid_namespace) == (True, "own.slice", False)
    assert after.outbox.execs_first is before.outbox.execs_first is False


def test_the_invocation_of_a_unit_outlives_the_daemon(scene: Scene) -> None:
    """S21: a stranger's unit of the name, made meanwhile, is not taken for ours."""
    scene.running()
    scene.pass_time()
    unit = scene.unit()
    assert unit is not None
    record = scene.record()
    assert record is not None
    assert record.init.invocation == unit.invocation
    unit.invocation = type(unit.invocation)("f" * 32)
    scene.restart()
    scene.pass_time()
    assert scene.wait().unwrap().status == 255


@pytest.mark.parametrize("seed", range(10))
def test_s4_a_next_life_waits_for_the_farewell_of_the_one_before_whichever_is_read_first(
    seed: int,
) -> None:
    scene = Scene(seed)
    scene.exited(THREE)
    scene.machine.sink.go()
    scene.delete().unwrap()
    scene.created()
    scene.pass_time()
    records = scene.machine.disk.records
    both = list(records.items())
    assert len(both) == 2
    records.clear()
    records.update(reversed(both))
    scene.restart()
    scene.machine.sink.come_back()
    scene.pass_time()
    scene.start().unwrap()
    assert scene.heard()[3:] == ["TaskDeleted", "TaskCreated", "TaskStarted"]


def test_a_delete_that_the_record_does_not_know_is_told_all_the_same(
    scene: Scene,
) -> None:
    """Its id was used again, so it had come to its end (seed 17712)."""
    scene.exited(THREE)
    scene.machine.sink.go()
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, skips=1, times=DISK_FULL)
    scene.delete().unwrap()
    disk_has_room(scene)
    scene.created()
    scene.restart()
    scene.machine.sink.come_back()
    scene.pass_time()
    assert scene.heard()[:5] == [*LIFE, "TaskCreated"]
    assert len(scene.machine.disk.records) == 1
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.delete().unwrap()
    scene.pass_time()
    assert scene.left() == {}


# A Delete that recovery finishes, and a client that asks for it too.


def half_deleted(scene: Scene) -> None:
    """The daemon died in a Delete, and the next one could not finish it at once."""
    scene.exited(THREE)
    scene.dies_at(At.UNMOUNT, scene.deleting())
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    scene.boot()
    scene.pass_time()


def test_a_client_s_delete_is_not_run_over_by_recovery_s(scene: Scene) -> None:
    half_deleted(scene)
    scene.script.late_s = 25.0
    scene.pass_time(limits.RESYNC - 15)
    scene.at(At.UNIT_STOP, Does.LATE)
    deleting = scene.begin(scene.deleting())
    scene.pass_time(LONG_S)
    deleting.outcome().unwrap()
    assert scene.script.calls.count(At.UNMOUNT) == 3
    assert scene.story() == LIFE
    assert scene.left() == {}


def test_recovery_s_delete_is_not_run_over_by_a_client_s(scene: Scene) -> None:
    half_deleted(scene)
    scene.script.late_s = 25.0
    scene.at(At.UNMOUNT, Does.LATE)
    scene.pass_time(limits.RESYNC)
    deleting = scene.begin(scene.deleting())
    assert refused(scene.answer(deleting)) == UnknownContainer("web")
    assert scene.story() == LIFE
    assert scene.left() == {}


def test_what_a_former_daemon_was_deleting_is_not_started_again(scene: Scene) -> None:
    """Its client may have had the answer, and a start was told after the delete (seed 170470)."""
    scene.created()
    scene.pass_time()
    scene.dies_at(At.UNMOUNT, scene.deleting())
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    scene.boot()
    scene.pass_time()
    assert isinstance(refused(scene.start()), BeingDeleted)
    assert isinstance(refused(scene.add_exec()), BeingDeleted)
    record = scene.record()
    assert record is not None
    assert record.deleting
    scene.pass_time(LONG_S)
    assert scene.left() == {}


def test_a_start_after_a_restart_uses_its_own_caller(scene: Scene) -> None:
    """It waits for recovery first, and goes on as if it had come later."""
    scene.added()
    scene.pass_time()
    scene.crash()
    scene.script.late_s = 25.0
    scene.at(At.RUNC_STATE, Does.LATE)
    scene.boot()
    assert isinstance(scene.start(EXEC), Success)
    assert scene.view(INIT).phase is Phase.RUNNING


def test_f116_a_start_that_comes_when_nobody_knows_of_it_any_more_leaves_no_unit(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No disk took that it was asked for, and a busy bus passed it on after the next daemon's
    look: calls of two connections have no order (S34)."""
    scene.added()
    systemd, begin, late = scene.machine.systemd, scene.machine.systemd.start, []

    def not_yet(definition: UnitDefinition, by: str) -> Job:
        late.append((definition, by))
        return Job(scene.world.scheduler.latch())

    monkeypatch.setattr(systemd, "start", not_yet)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE)
    scene.begin(scene.starting(EXEC))
    scene.pass_time()
    scene.restart()
    scene.delete(EXEC).unwrap()
    begin(*late[0])
    scene.pass_time()
    assert scene.unit(EXEC) is not None
    scene.ends_well()
    assert scene.left() == {}
