"""The daemon is killed before each step of each call, and nobody is told anything false (D01)."""

from typing import Final

import pytest
from returns.result import Failure, Success

from domain.identity import ExecId
from domain.lifecycle import Phase
from domain.refusal import UnknownExec
from domain.unit import Whom
from domain.use_cases.add_exec import add_exec
from domain.use_cases.create import create
from domain.use_cases.kill import kill
from domain.use_cases.pause import pause, resume
from domain.use_cases.query import wait
from sim.world.kernel import SIGKILL, SIGTERM, Program
from tests.domain.client import EXEC, INIT, STAYS, WEB, asked, exec_asked
from tests.domain.scene import Scene

# More than any call here takes, with all that follows it.
STEPS: Final = 45
LIFE: Final = ["TaskCreated", "TaskStarted", "TaskExited", "TaskDeleted"]
SEVEN: Final = Program(exits=7)


@pytest.mark.parametrize("step", range(STEPS))
def test_a_create_that_was_under_way_is_whole_or_taken_back(step: int) -> None:
    scene = Scene(step)
    scene.bundle()
    died = scene.dies_during(create(scene.shim, scene.serving.caller(), asked()), step)
    if WEB in scene.shim.containers:
        assert scene.living() == [scene.view().pid]
        assert scene.story() == ["TaskCreated"]
    else:
        assert died
        # A mount may have come before the record; containerd's `delete` takes it off.
        assert set(scene.left()) <= {"mounts"}
        assert scene.events() == []
        scene.clean_up().unwrap()
        assert scene.left() == {}
        scene.create().unwrap()
    scene.ends_well()
    assert scene.story()[-1] == "TaskDeleted"


@pytest.mark.parametrize("step", range(STEPS))
def test_d01_a_start_that_was_under_way_is_finished_or_can_be_asked_again(step: int) -> None:
    scene = Scene(step)
    pid = scene.created()
    scene.dies_during(scene.starting(), step)
    assert scene.living() == [pid]
    if scene.view().phase is Phase.CREATED:
        assert scene.start() == Success(pid)
    assert scene.view().phase is Phase.RUNNING
    assert scene.process(pid).program == STAYS
    scene.ends_well()
    assert scene.story() == LIFE


@pytest.mark.parametrize("status", [0, 7, 255])
@pytest.mark.parametrize("step", range(0, STEPS, 2))
def test_d01_the_exit_of_a_program_that_ends_while_the_daemon_is_away_is_told_right(
    step: int, status: int
) -> None:
    scene = Scene(step)
    scene.created(Program(exits=status))
    scene.dies_during(scene.starting(), step)
    if scene.view().phase is Phase.CREATED:
        scene.start().unwrap()
    exit_ = scene.wait().unwrap()
    assert exit_.status == status
    assert scene.delete().unwrap().exit == exit_
    assert scene.story() == LIFE
    assert scene.left() == {}


@pytest.mark.parametrize("step", range(STEPS))
def test_d01_an_exec_s_start_that_was_under_way_has_happened_or_not(step: int) -> None:
    scene = Scene(step)
    init = scene.running()
    scene.add_exec(Program(runs_s=None, on_term=4)).unwrap()
    scene.pass_time()
    scene.dies_during(scene.starting(EXEC), step)
    if scene.view(EXEC).phase is Phase.CREATED:
        scene.start(EXEC).unwrap()
    ran = scene.view(EXEC).phase is Phase.RUNNING
    if ran:
        assert len(scene.living()) == len(["init", "program", "reaper"])
        assert scene.process(scene.view(EXEC).pid).lives
        scene.kill(EXEC, SIGTERM).unwrap()
        assert scene.wait(EXEC).unwrap().status == 4
    else:
        assert scene.wait(EXEC).unwrap().status == 255
    assert scene.living() == [init]
    story = ["TaskCreated", "TaskStarted", "ExecAdded sh"]
    assert scene.story() == [*story, *(["ExecStarted sh", "TaskExited sh"] if ran else [])]
    scene.delete(EXEC).unwrap()
    scene.ends_well()


@pytest.mark.parametrize("step", range(STEPS))
def test_an_exec_that_was_being_added_is_added_or_not(step: int) -> None:
    scene = Scene(step)
    scene.running()
    scene.pass_time()
    died = scene.dies_during(add_exec(scene.shim, exec_asked()), step)
    if ExecId("sh") not in scene.shim.containers[WEB].execs:
        assert died
        assert scene.add_exec() == Success(None)
    scene.start(EXEC).unwrap()
    assert scene.story()[2:] == ["ExecAdded sh", "ExecStarted sh"]
    scene.ends_well()


@pytest.mark.parametrize("step", range(STEPS))
def test_d44_the_end_of_an_init_in_a_shared_namespace_is_the_end_of_its_execs(step: int) -> None:
    """Where it ends with 0 systemd ends nobody, and the daemon may die before its KILL does."""
    scene = Scene(step)
    scene.with_exec(private=False)
    scene.ends(scene.view().pid, 0)
    scene.dies_during(wait(scene.shim, scene.serving.caller(), INIT), step)
    scene.pass_time()
    assert scene.living() == []
    assert scene.wait(EXEC).unwrap().status == 137


@pytest.mark.parametrize("step", range(STEPS))
def test_a_delete_that_was_under_way_is_finished_without_being_asked_again(step: int) -> None:
    scene = Scene(step)
    scene.running(SEVEN)
    exit_ = scene.wait().unwrap()
    scene.pass_time()
    died = scene.dies_during(scene.deleting(), step)
    if died:
        scene.pass_time()
        if WEB in scene.shim.containers:
            # It had not begun: nothing is written down of it.
            assert scene.delete().unwrap().exit == exit_
    assert scene.left() == {}
    assert scene.story() == LIFE


@pytest.mark.parametrize("step", range(STEPS))
def test_a_delete_of_a_container_that_was_never_started_goes_on_after_a_crash(step: int) -> None:
    scene = Scene(step)
    scene.created()
    scene.pass_time()
    scene.dies_during(scene.deleting(), step)
    scene.pass_time()
    if WEB in scene.shim.containers:
        assert scene.delete().unwrap().exit.status == 137
    assert scene.left() == {}
    assert scene.story() == ["TaskCreated", "TaskExited", "TaskDeleted"]


@pytest.mark.parametrize("step", range(STEPS))
def test_a_delete_of_an_exec_that_was_under_way_can_be_asked_again(step: int) -> None:
    scene = Scene(step)
    scene.with_exec(SEVEN)
    exit_ = scene.wait(EXEC).unwrap()
    scene.pass_time()
    scene.dies_during(scene.deleting(EXEC), step)
    outcome = scene.delete(EXEC)
    assert outcome == Failure(UnknownExec("sh")) or outcome.unwrap().exit == exit_
    scene.pass_time()
    assert scene.unit(EXEC) is None
    scene.ends_well()
    assert scene.story()[2:] == [
        "ExecAdded sh",
        "ExecStarted sh",
        "TaskExited sh",
        "TaskExited",
        "TaskDeleted",
    ]


@pytest.mark.parametrize("step", range(0, STEPS, 2))
def test_a_kill_that_was_under_way_may_be_asked_again(step: int) -> None:
    scene = Scene(step)
    scene.running()
    scene.pass_time()
    scene.dies_during(kill(scene.shim, INIT, SIGKILL, Whom.ALL), step)
    scene.kill()
    assert scene.wait().unwrap().status == 137
    scene.ends_well()
    assert scene.story() == LIFE


@pytest.mark.parametrize("step", range(0, 30, 2))
def test_a_pause_that_was_under_way_is_known_by_whether_the_container_is_frozen(
    step: int,
) -> None:
    scene = Scene(step)
    scene.running()
    scene.pass_time()
    scene.dies_during(pause(scene.shim, WEB), step)
    frozen = bool(scene.world.kernel.frozen)
    assert scene.view().phase is (Phase.PAUSED if frozen else Phase.RUNNING)
    if frozen:
        scene.dies_during(resume(scene.shim, WEB), step)
        frozen = bool(scene.world.kernel.frozen)
        assert scene.view().phase is (Phase.PAUSED if frozen else Phase.RUNNING)
    scene.ends_well()


@pytest.mark.parametrize("step", range(0, STEPS, 2))
def test_a_restore_that_was_under_way_is_running_or_over(step: int) -> None:
    scene = Scene(step)
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.pass_time()
    scene.dies_during(scene.starting(), step)
    if scene.view().phase is Phase.CREATED:
        scene.start().unwrap()
    if scene.view().phase is Phase.RUNNING:
        assert scene.living() == [scene.view().pid]
    else:
        assert scene.wait().unwrap().status == 255
        assert scene.living() == []
    scene.ends_well()


def test_a_daemon_that_dies_again_and_again_while_it_comes_back_still_comes_back() -> None:
    for step in range(40):
        scene = Scene(step)
        scene.with_exec(SEVEN)
        scene.restart()
        scene.crash()
        scene.before_step(step, scene.crash)
        dying = scene.serving
        dying.boot()
        scene.world.scheduler.run_until(dying.dead, 2_000)
        scene.world.scheduler.before_step = None
        scene.restart()
        assert scene.wait(EXEC).unwrap().status == 7
        scene.ends_well()
        assert scene.story() == [
            *("TaskCreated", "TaskStarted", "ExecAdded sh", "ExecStarted sh"),
            *("TaskExited sh", "TaskExited", "TaskDeleted"),
        ]
