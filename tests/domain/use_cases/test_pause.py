"""Pause and Resume (D20)."""

from collections.abc import Callable
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain.lifecycle import Phase
from domain.refusal import (
    BeingDeleted,
    Operation,
    Refusal,
    RuncFailed,
    UnknownContainer,
    WrongPhase,
)
from domain.unit import Whom
from domain.use_cases.kill import kill
from domain.use_cases.pause import pause, resume
from sim.faults import At, Does
from sim.world.kernel import SIGKILL, Freezer, Program
from tests.domain.client import EXEC, WEB, refused
from tests.domain.scene import Scene

Ask = Callable[[Scene], Result[None, Refusal]]

PAUSE: Final[Ask] = Scene.pause
RESUME: Final[Ask] = Scene.resume


def test_d20_a_container_is_paused_and_goes_on_and_both_are_told(scene: Scene) -> None:
    scene.running()
    assert scene.pause() == Success(None)
    assert scene.view().phase is Phase.PAUSED
    assert len(scene.world.kernel.frozen) == 1
    assert scene.resume() == Success(None)
    assert scene.view().phase is Phase.RUNNING
    assert scene.world.kernel.frozen == {}
    assert scene.heard()[-2:] == ["TaskPaused", "TaskResumed"]


@pytest.mark.parametrize(("ask"), [PAUSE, RESUME], ids=["pause", "resume"])
def test_an_unknown_container_is_not_found(scene: Scene, ask: Ask) -> None:
    assert ask(scene) == Failure(UnknownContainer("web"))


def exited(scene: Scene) -> None:
    scene.running(Program(exits=0))
    scene.wait().unwrap()


def paused(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()


@pytest.mark.parametrize(
    ("arrange", "phase", "ask", "operation"),
    [
        (Scene.created, Phase.CREATED, PAUSE, Operation.PAUSE),
        (Scene.created, Phase.CREATED, RESUME, Operation.RESUME),
        (Scene.running, Phase.RUNNING, RESUME, Operation.RESUME),
        (paused, Phase.PAUSED, PAUSE, Operation.PAUSE),
        (exited, Phase.EXITED, PAUSE, Operation.PAUSE),
        (exited, Phase.EXITED, RESUME, Operation.RESUME),
    ],
)
def test_what_has_no_place_in_a_phase_is_refused_before_runc(
    scene: Scene,
    arrange: Callable[[Scene], object],
    phase: Phase,
    ask: Ask,
    operation: Operation,
) -> None:
    arrange(scene)
    scene.pass_time()
    before = scene.script.calls[:]
    assert refused(ask(scene)) == WrongPhase(operation, phase)
    assert scene.script.calls == before


@pytest.mark.parametrize(("ask"), [PAUSE, RESUME], ids=["pause", "resume"])
def test_a_container_that_is_being_deleted_is_left_alone(scene: Scene, ask: Ask) -> None:
    scene.running()
    scene.shim.containers[WEB].deletion = scene.world.scheduler.latch()
    assert ask(scene) == Failure(BeingDeleted("web"))


def test_a_failed_pause_changes_nothing_and_tells_nothing(scene: Scene) -> None:
    scene.running()
    scene.at(At.RUNC_FREEZE, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.pause()), RuncFailed)
    assert scene.view().phase is Phase.RUNNING
    assert "TaskPaused" not in scene.heard()


def test_a_pause_whose_answer_was_lost_is_a_pause(scene: Scene) -> None:
    """Refused, it could be neither repeated (runc: not running) nor resumed (we: it runs)."""
    scene.running()
    scene.at(At.RUNC_FREEZE, Does.FAILS_AFTER)
    assert scene.pause() == Success(None)
    assert scene.view().phase is Phase.PAUSED
    assert scene.heard()[-1] == "TaskPaused"
    assert scene.resume() == Success(None)
    assert scene.world.kernel.frozen == {}


def test_a_failed_pause_leaves_nothing_frozen_that_nobody_could_resume(scene: Scene) -> None:
    scene.running()
    scene.at(At.RUNC_FREEZE, Does.FAILS_AFTER)
    scene.at(At.RUNC_STATE, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.pause()), RuncFailed)
    assert scene.view().phase is Phase.RUNNING
    assert scene.world.kernel.frozen == {}


def test_of_two_pauses_at_once_one_finds_the_container_paused(scene: Scene) -> None:
    scene.running()
    both = [scene.begin(pause(scene.shim, WEB)) for _ in range(2)]
    answers = [scene.answer(each) for each in both]
    assert Success(None) in answers
    assert Failure(WrongPhase(Operation.PAUSE, Phase.PAUSED)) in answers
    assert len(scene.world.kernel.frozen) == 1


def test_an_execs_kill_does_not_undo_a_pause_that_is_under_way(scene: Scene) -> None:
    scene.with_exec()
    scene.script.late_s = 5.0
    scene.at(At.RUNC_FREEZE, Does.ANSWERS_LATE)
    pausing = scene.begin(pause(scene.shim, WEB))
    scene.pass_time()
    assert scene.kill(EXEC) == Success(None)
    assert scene.answer(pausing) == Success(None)
    assert len(scene.world.kernel.frozen) == 1


def test_a_pause_is_not_undone_by_the_thaw_for_an_exec_that_was_killed_before(
    scene: Scene,
) -> None:
    scene.with_exec()
    scene.script.late_s = 5.0
    scene.at(At.THAW, Does.LATE)
    killing = scene.begin(kill(scene.shim, EXEC, SIGKILL, Whom.MAIN))
    scene.pass_time()
    assert scene.pause() == Success(None)
    assert scene.answer(killing) == Success(None)
    assert len(scene.world.kernel.frozen) == 1


def test_a_failed_resume_changes_nothing_and_can_be_asked_again(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()
    scene.at(At.RUNC_FREEZE, Does.FAILS_BEFORE)
    scene.at(At.THAW, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.resume()), RuncFailed)
    assert scene.view().phase is Phase.PAUSED
    assert "TaskResumed" not in scene.heard()
    assert scene.resume() == Success(None)


def test_a_resume_whose_answer_was_lost_is_a_resume(scene: Scene) -> None:
    """Refused, the container would be said to be paused, and run."""
    scene.running()
    scene.pause().unwrap()
    scene.at(At.RUNC_FREEZE, Does.FAILS_AFTER)
    scene.at(At.THAW, Does.FAILS_BEFORE)
    assert scene.resume() == Success(None)
    assert scene.view().phase is Phase.RUNNING
    assert scene.heard()[-1] == "TaskResumed"


def test_f104_a_container_that_runc_has_forgotten_does_not_stay_frozen(scene: Scene) -> None:
    pid = scene.running()
    scene.pause().unwrap()
    scene.machine.oci.containers.clear()
    assert scene.resume() == Success(None)
    assert scene.view().phase is Phase.RUNNING
    assert not scene.world.kernel.is_frozen(scene.process(pid).cgroup)
    assert scene.heard()[-1] == "TaskResumed"


def test_f104_a_frozen_one_that_systemd_gave_up_dies_though_runc_has_forgotten_it(
    scene: Scene,
) -> None:
    scene.world.kernel.freezer = Freezer.V1
    scene.running()
    scene.pause().unwrap()
    scene.machine.oci.containers.clear()
    scene.administrator_stops()
    assert scene.wait().unwrap().status == 255
    scene.ends_well()


def test_f99_a_frozen_one_that_systemd_gave_up_is_thawed_before_its_exit_is_written_down(
    scene: Scene,
) -> None:
    """The next daemon takes a recorded exit as it is."""
    scene.world.kernel.freezer = Freezer.V1
    scene.running()
    scene.pause().unwrap()
    scene.pass_time()
    living: list[int] = []
    scene.at(At.RECORD_SAVE, then=lambda: living.extend(scene.living()))
    scene.administrator_stops()
    assert scene.wait().unwrap().status == 255
    assert At.RECORD_SAVE in scene.script.calls
    assert living == []


def test_an_exit_while_runc_freezes_is_an_exit_and_no_pause_is_told(scene: Scene) -> None:
    pid = scene.running()
    scene.script.late_s = 5.0
    scene.at(At.RUNC_FREEZE, Does.ANSWERS_LATE)
    pausing = scene.begin(pause(scene.shim, WEB))
    scene.pass_time()
    scene.ends(pid, 3)
    assert scene.answer(pausing) == Success(None)
    assert scene.wait().unwrap().status == 3
    assert scene.view().phase is Phase.EXITED
    assert scene.heard()[-1] == "TaskExited"


def test_an_exit_while_runc_thaws_is_an_exit_and_no_resume_is_told(scene: Scene) -> None:
    pid = scene.running()
    scene.pause().unwrap()
    scene.script.late_s = 5.0
    scene.at(At.RUNC_FREEZE, Does.ANSWERS_LATE)
    resuming = scene.begin(resume(scene.shim, WEB))
    scene.pass_time()
    scene.ends(pid, 3)
    assert scene.answer(resuming) == Success(None)
    assert scene.wait().unwrap().status == 3
    assert scene.heard()[-1] == "TaskExited"


@pytest.mark.parametrize(("ask"), [PAUSE, RESUME], ids=["pause", "resume"])
def test_what_was_paused_is_written_down(scene: Scene, ask: Ask) -> None:
    scene.running()
    scene.pause().unwrap()
    if ask is RESUME:
        scene.resume().unwrap()
    record = scene.record()
    assert record is not None
    assert record.init.phase is scene.view().phase
