"""What `delete` on the command line asks for: an end for good, whatever the state (D26)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Success

from domain import limits
from domain.identity import NO_PID, ContainerId
from domain.refusal import (
    CallerGone,
    DeadlinePassed,
    MountFailed,
    UnitFailed,
)
from domain.use_cases.clean_up import clean_up
from domain.use_cases.create import create
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import BUNDLE, ROOTFS, WEB, asked, refused
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)
ROOT: Final = f"{BUNDLE}/rootfs"


def exited(scene: Scene) -> None:
    scene.running(THREE)
    scene.wait().unwrap()


@pytest.mark.parametrize(
    ("arrange", "status"),
    [
        (Scene.created, 137),
        (Scene.running, 137),
        (Scene.paused, 137),
        (Scene.with_exec, 137),
        (exited, 3),
    ],
)
def test_d26_a_container_is_ended_in_every_phase_and_its_true_status_told(
    scene: Scene, arrange: Callable[[Scene], object], status: int
) -> None:
    arrange(scene)
    assert scene.clean_up().unwrap().exit.status == status
    assert scene.left() == {}
    assert scene.heard()[-2:] == ["TaskExited", "TaskDeleted"]


def test_a_container_that_was_never_restored_is_just_forgotten(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    assert scene.clean_up().unwrap().pid == NO_PID
    assert scene.left() == {}


def test_f56_a_hint_that_never_comes_does_not_keep_it(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=1000)
    assert scene.clean_up().unwrap().exit.status == 137
    assert scene.left() == {}


def test_after_an_ordinary_delete_there_is_nothing_left_to_do(scene: Scene) -> None:
    exited(scene)
    scene.delete().unwrap()
    told = scene.heard()
    departed = scene.clean_up().unwrap()
    assert (departed.pid, departed.exit.status) == (NO_PID, 255)
    assert scene.heard() == told


def test_what_was_deleted_whole_is_not_looked_for_once(scene: Scene) -> None:
    exited(scene)
    scene.delete().unwrap()
    scene.pass_time()
    before = list(scene.script.calls)
    scene.clean_up().unwrap()
    assert scene.script.calls == before
    scene.clean_up().unwrap()
    assert At.UNIT_READ in scene.script.calls[len(before) :]


@pytest.mark.parametrize("what", ["a new daemon", "another bundle", "a failed Create"])
def test_what_may_have_come_after_a_delete_is_looked_for(scene: Scene, what: str) -> None:
    exited(scene)
    scene.delete().unwrap()
    bundle = BUNDLE
    match what:
        case "a new daemon":
            scene.restart()
        case "another bundle":
            bundle = "/run/bundles/other"
        case _:
            scene.at(At.MOUNT, Does.FAILS_BEFORE)
            refused(scene.create())
    scene.pass_time()
    before = len(scene.script.calls)
    scene.clean_up(bundle=bundle).unwrap()
    assert At.UNIT_READ in scene.script.calls[before:]


def test_what_was_deleted_and_never_cleaned_up_is_not_remembered_for_ever(scene: Scene) -> None:
    exited(scene)
    container = scene.shim.containers[WEB]
    for number in range(2 * limits.DELETED_WHOLE):
        owner = replace(WEB, container=ContainerId(f"web{number}"))
        scene.shim.deleted_whole(replace(container, owner=owner))
    assert len(scene.shim.whole) == limits.DELETED_WHOLE
    assert owner in scene.shim.whole


def test_an_unknown_container_s_mounts_are_taken_off_and_its_end_is_unknown(scene: Scene) -> None:
    scene.machine.disk.mounted[ROOT] = list(ROOTFS)
    departed = scene.clean_up().unwrap()
    assert departed.exit.status == 255  # never a success that nobody saw (S6)
    assert scene.machine.disk.mounted == {}


def test_d23_mounts_that_are_busy_are_a_failure_and_not_passed_over(scene: Scene) -> None:
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.clean_up()), MountFailed)
    assert isinstance(scene.clean_up(), Success)


def test_what_cannot_be_killed_is_kept_and_said(scene: Scene) -> None:
    pid = scene.running()
    scene.process(pid).cgroup = "/where/no/kill/reaches"
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE, times=limits.DEATH_LOOKS)
    assert refused(scene.clean_up()) == DeadlinePassed("the end of default/web", limits.DEATH)
    assert scene.living() == [pid]
    assert WEB in scene.shim.containers


def test_a_delete_that_fails_is_said_and_can_be_repeated(scene: Scene) -> None:
    exited(scene)
    scene.at(At.UNIT_STOP, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.clean_up()), UnitFailed)
    assert scene.clean_up().unwrap().exit.status == 3
    assert scene.left() == {}


@pytest.mark.parametrize("seed", range(20))
def test_an_ordinary_delete_at_the_same_time_tells_the_same(seed: int) -> None:
    scene = Scene(seed)
    exited(scene)
    exit_ = scene.wait().unwrap()
    ordinary = scene.begin(scene.deleting())
    other = scene.begin(scene.cleaning())
    assert scene.answer(other).unwrap().exit == exit_
    outcome = scene.answer(ordinary)
    assert isinstance(outcome, Failure) or outcome.unwrap().exit == exit_
    assert scene.left() == {}
    assert scene.heard().count("TaskDeleted") == 1


def test_s1_who_is_still_being_found_again_is_told_to_have_exited_once(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.at(At.RUNC_STATE, Does.NEVER_ANSWERS)
    scene.restart()
    assert scene.shim.containers[WEB].recovery is not None
    assert isinstance(scene.clean_up(), Success)
    scene.pass_time(LONG_S)
    assert scene.heard().count("TaskExited") == 1


def test_t110_a_create_that_is_under_way_is_ended_when_it_has_come_to_its_end(
    scene: Scene,
) -> None:
    scene.bundle()
    making = scene.begin(create(scene.shim, scene.serving.caller(), asked()))
    scene.world.scheduler.run(3)
    cleaning = scene.begin(scene.cleaning())
    assert isinstance(scene.answer(making), Success)
    assert scene.answer(cleaning).unwrap().exit.status == 137
    assert scene.left() == {}


def test_a_caller_who_leaves_while_a_create_is_under_way_ends_nothing(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.RUNC_CREATE, Does.LATE)
    making = scene.begin(create(scene.shim, scene.serving.caller(), asked()))
    caller = scene.serving.caller()
    cleaning = scene.begin(clean_up(scene.shim, caller, WEB, BUNDLE))
    scene.pass_time()
    caller.gone.open()
    assert scene.answer(cleaning) == Failure(CallerGone("create"))
    assert isinstance(scene.answer(making), Success)
    scene.pass_time(LONG_S)
    assert scene.living() != []
