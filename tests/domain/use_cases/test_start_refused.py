"""Start of an init that runc refuses: rule 3 of the issue (R079, R080)."""

import pytest
from returns.result import Success

from domain import bundle_files
from domain.event import TaskExited
from domain.exit_status import Exit, MainCode
from domain.lifecycle import Phase
from domain.refusal import (
    DeadlinePassed,
    RuncFailed,
)
from domain.use_cases.delete import Departed
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.world.kernel import SIGKILL, Program
from tests.domain.client import BUNDLE, EXEC, INIT, asked, refused
from tests.domain.scene import LONG_S, Scene


def test_r079_a_start_that_runc_refuses_kills_the_unit_and_tells_255(scene: Scene) -> None:
    """And all that ask agree (D06): whoever waits is woken, and the exit is kept."""
    pid = scene.created()
    waiting = [scene.begin(scene.waiting_for()) for _ in range(3)]
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    assert refused(scene.start()) == RuncFailed("start", "container does not exist")
    assert scene.living() == []
    exit_ = scene.view().exit
    assert exit_ is not None
    assert exit_.status == 255
    assert exit_.at <= scene.world.wall()
    assert [scene.answer(each) for each in waiting] == [Success(exit_)] * 3
    assert scene.wait() == Success(exit_)
    assert scene.events()[1:] == [TaskExited(INIT, pid, exit_)]
    assert scene.view().phase is Phase.EXITED
    assert scene.delete() == Success(Departed(pid, exit_))
    assert scene.heard() == ["TaskCreated", "TaskExited", "TaskDeleted"]
    assert scene.left() == {}


def test_r079_no_start_is_told_of_a_program_that_runc_let_go_before_it_failed(
    scene: Scene,
) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    assert refused(scene.start()) == RuncFailed("start", "runc did not terminate successfully")
    assert scene.living() == []
    assert scene.heard() == ["TaskCreated", "TaskExited"]
    assert scene.wait().unwrap().status == 255


def test_r079_an_exit_before_our_kill_is_its_own(scene: Scene) -> None:
    scene.created(Program(exits=42))
    # runc let it go, it ended, and only then did runc fail.
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    scene.at(At.UNIT_READ, Does.LATE)
    refused(scene.start())
    assert scene.wait().unwrap().status == 42
    assert At.UNIT_KILL not in scene.script.calls
    assert scene.heard() == ["TaskCreated", "TaskExited"]


@pytest.mark.parametrize("status", [0, 7])
def test_r079_an_exit_between_the_look_and_our_kill_is_its_own(scene: Scene, status: int) -> None:
    """A unit that has ended well stays active; one that has not is over."""
    pid = scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.UNIT_KILL, then=lambda: scene.ends(pid, status))
    refused(scene.start())
    assert scene.wait().unwrap().status == status


def test_r079_a_kill_of_somebody_else_before_ours_counts(scene: Scene) -> None:
    pid = scene.created()
    scene.pass_time()
    scene.at(At.RUNC_START, then=lambda: scene.ends(pid, SIGKILL, MainCode.KILLED))
    # The first look fails, and so cannot tell; the time that systemd notes does.
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    scene.at(At.SIGCHLD)
    scene.at(At.UNIT_KILL, Does.LATE)
    assert isinstance(refused(scene.start()), RuncFailed)
    exit_ = scene.wait().unwrap()
    assert exit_.status == 137
    assert exit_.at < scene.world.wall() - 10**9


def test_r079_our_own_kill_is_never_the_status(scene: Scene) -> None:
    """Whenever systemd shows it: at once, or (LATE) only after many looks."""
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.script.late_s = 5.0
    scene.at(At.SIGCHLD, Does.LATE)
    refused(scene.start())
    assert scene.wait().unwrap().status == 255


@pytest.mark.parametrize("late_s", [0.0, 0.02, 0.3, 5.0, 9.0, 20.0, 40.0])
def test_r079_the_outcome_does_not_depend_on_how_fast_the_second_read_is(late_s: float) -> None:
    scene = Scene()
    scene.created()
    scene.script.late_s = late_s
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    scene.at(At.UNIT_READ, Does.LATE, skips=1)
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.wait().unwrap().status == 255


@pytest.mark.parametrize("seed", range(20))
def test_r079_a_program_that_ended_by_itself_is_told_so_or_as_255(seed: int) -> None:
    scene = Scene(seed)
    scene.created(Program(exits=42))
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    refused(scene.start())
    assert scene.wait().unwrap().status in {42, 255}
    assert scene.view().exit == scene.wait().unwrap()


def test_r079_255_when_systemd_shows_no_exit_at_all(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.SIGCHLD, Does.LATE)
    scene.script.late_s = LONG_S
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.view().exit == Exit(scene.wait().unwrap().status, scene.wait().unwrap().at)
    assert scene.wait().unwrap().status == 255


def test_r079_255_when_the_unit_is_gone(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE, then=scene.machine.systemd.units.clear)
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.wait().unwrap().status == 255


def test_r079_255_when_systemd_is_away_all_the_time(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE, times=1000)
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.wait().unwrap().status == 255


def test_r079_an_exit_once_told_stays_whatever_systemd_shows_later(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.SIGCHLD, Does.LATE)
    scene.script.late_s = 60.0
    refused(scene.start())
    told = scene.wait()
    scene.pass_time(LONG_S)
    assert scene.wait() == told
    assert scene.heard() == ["TaskCreated", "TaskExited"]


def test_r079_a_runc_that_does_not_answer_is_a_failure_too(scene: Scene) -> None:
    scene.created()
    scene.script.late_s = 100.0
    scene.at(At.RUNC_START, Does.LATE)
    assert refused(scene.start()) == DeadlinePassed("RUNC_START", 30.0)
    assert scene.living() == []
    assert scene.wait().unwrap().status == 255


def test_r079_a_caller_who_leaves_changes_nothing_of_a_failed_start(scene: Scene) -> None:
    scene.created()
    caller = scene.serving.caller()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE, then=caller.gone.open)
    assert isinstance(refused(scene.ask(start(scene.shim, caller, INIT))), RuncFailed)
    assert scene.wait().unwrap().status == 255
    assert scene.living() == []


def test_r079_an_exec_that_never_ran_gets_no_exit_when_its_container_fails_to_start(
    scene: Scene,
) -> None:
    scene.created()
    scene.add_exec().unwrap()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    refused(scene.start())
    assert scene.view(EXEC).phase is Phase.CREATED
    assert scene.heard() == ["TaskCreated", "ExecAdded sh", "TaskExited"]


# Debug.


def failed_start(*, debug: bool, config: str | None = None) -> RuncFailed:
    scene = Scene()
    scene.bundle()
    scene.create(asked(debug=debug)).unwrap()
    if config is not None:
        scene.machine.disk.bundles[BUNDLE].files[bundle_files.config(BUNDLE)] = config
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    why = refused(scene.start())
    assert isinstance(why, RuncFailed)
    return why


def test_r080_without_debug_there_is_no_evidence() -> None:
    assert failed_start(debug=False, config="{}").evidence == ()


def test_r080_debug_shows_definition_configuration_and_log() -> None:
    evidence = {each.heading: each.text for each in failed_start(debug=True, config="{}").evidence}
    assert list(evidence) == ["unit", "process.json", "runc debug"]
    assert "Type=forking" in evidence["unit"]
    assert evidence["process.json"] == "{}"
    assert "container does not exist" in evidence["runc debug"]


def test_r080_debug_shows_only_what_can_be_read() -> None:
    evidence = [each.heading for each in failed_start(debug=True).evidence]
    assert evidence == ["unit", "runc debug"]
