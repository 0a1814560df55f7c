"""A container whose bundle containerd has removed: nobody will ask for it any more."""

import pytest

from domain.event import TaskExited
from domain.lifecycle import Phase
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import BUNDLE, EXEC, refused
from tests.domain.scene import LONG_S, Scene


def bundle_is_removed(scene: Scene) -> None:
    del scene.machine.disk.bundles[BUNDLE]


def test_a_created_container_goes_after_a_restart(scene: Scene) -> None:
    scene.created()
    scene.pass_time()
    bundle_is_removed(scene)
    scene.restart()
    assert scene.left() == {}
    assert scene.story() == ["TaskCreated", "TaskExited", "TaskDeleted"]


def test_an_exited_one_goes_with_the_exit_that_was_told(scene: Scene) -> None:
    exit_ = scene.exited(Program(exits=3))
    bundle_is_removed(scene)
    scene.restart()
    assert scene.left() == {}
    (told,) = {event.exit for event in scene.events() if isinstance(event, TaskExited)}
    assert told == exit_
    assert scene.story()[-1] == "TaskDeleted"


def test_a_running_one_is_left_alone_until_it_ends_of_itself(scene: Scene) -> None:
    pid = scene.running()
    scene.pass_time()
    bundle_is_removed(scene)
    scene.restart()
    scene.pass_time(LONG_S)
    assert scene.view().phase is Phase.RUNNING
    scene.ends(pid, 3)
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == ["TaskCreated", "TaskStarted", "TaskExited", "TaskDeleted"]


def test_its_execs_go_with_it(scene: Scene) -> None:
    scene.with_exec()
    scene.pass_time()
    bundle_is_removed(scene)
    scene.restart()
    scene.kill().unwrap()
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert f"TaskExited {EXEC.exec_id}" in scene.story()


def test_a_client_that_asks_all_the_same_is_served(scene: Scene) -> None:
    pid = scene.running()
    scene.pass_time()
    bundle_is_removed(scene)
    scene.restart()
    scene.ends(pid, 3)
    scene.wait().unwrap()
    scene.delete()
    assert scene.left() == {}
    assert scene.story()[-1] == "TaskDeleted"


@pytest.mark.parametrize("minutes", [0, 2])
def test_one_whose_bundle_is_there_stays_however_long(scene: Scene, minutes: int) -> None:
    scene.created()
    scene.restart()
    scene.pass_time(minutes * 60.0)
    assert scene.view().phase is Phase.CREATED
    scene.ends_well()


def test_a_failed_create_that_no_disk_would_take_back_is_over_when_its_bundle_is(
    scene: Scene,
) -> None:
    """Found by the simulator in seed 45749 (F116): nobody ever deleted it."""
    scene.bundle()
    scene.at(At.RECORD_SAVE, Does.FAILS_AFTER, skips=1)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, skips=1, times=1_000)
    scene.at(At.RECORD_REMOVE, Does.FAILS_BEFORE, times=1_000)
    refused(scene.create())
    scene.pass_time()
    bundle_is_removed(scene)
    scene.crash()
    scene.script.lines.clear()
    scene.boot()
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == ["TaskCreated", "TaskExited", "TaskDeleted"]
