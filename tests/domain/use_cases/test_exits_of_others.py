"""Whose exit follows from another's: execs, reapers, shared namespaces (S3, H15, F01)."""

from typing import Final

import pytest

from domain.event import TaskExited
from domain.exit_status import MainCode
from domain.lifecycle import Phase
from domain.use_cases.exits import look_at
from sim.faults import At, Does
from sim.world.kernel import SIGHUP, SIGKILL, SIGTERM, Program
from tests.domain.client import EXEC, INIT, WEB
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)
HANDLES_TERM: Final = Program(runs_s=None, on_term=0)


@pytest.mark.parametrize("seed", range(10))
def test_s3_with_its_own_pid_namespace_the_init_s_exit_is_told_after_the_execs(seed: int) -> None:
    scene = Scene(seed)
    scene.with_exec()
    scene.kill().unwrap()
    scene.wait().unwrap()
    assert scene.wait(EXEC).unwrap().status == 137
    assert scene.heard()[-2:] == ["TaskExited sh", "TaskExited"]
    assert scene.living() == []


def test_h15_in_a_shared_pid_namespace_everybody_else_is_killed(scene: Scene) -> None:
    program = scene.with_exec(private=False)
    scene.ends(scene.view().pid, 3)
    assert scene.wait().unwrap().status == 3
    assert scene.wait(EXEC).unwrap().status == 137
    assert not scene.process(program).lives


def test_f88_an_exec_s_program_does_not_live_on_until_systemd_answers_again(scene: Scene) -> None:
    """Seed 174774: it was stuck for 40 s."""
    program = scene.with_exec(private=False)
    scene.at(At.UNIT_KILL, Does.LATE)
    scene.ends(scene.view().pid, 0)
    scene.pass_time()
    assert not scene.process(program).lives


def test_in_a_shared_pid_namespace_the_init_s_exit_waits_for_nobody(scene: Scene) -> None:
    scene.with_exec(private=False)
    scene.pass_time()
    scene.at(At.DEATH, Does.LATE, times=100)
    scene.ends(scene.view().pid, 3)
    scene.pass_time(0.5)
    assert scene.machine.sink.got[-1] == TaskExited(INIT, scene.view().pid, scene.wait().unwrap())


def test_l5_execs_are_looked_at_when_their_init_has_ended(scene: Scene) -> None:
    """With it they died, and their own hints may not come."""
    scene.with_exec()
    scene.pass_time()
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    scene.ends(scene.view().pid, 3)
    scene.pass_time()
    container = scene.shim.containers[WEB]
    look_at(scene.shim, ((container, container.init),))
    scene.pass_time(5.0)
    assert scene.view(EXEC).phase is Phase.EXITED


def test_f01_the_init_s_exit_is_told_although_an_exec_does_not_die(scene: Scene) -> None:
    program = scene.with_exec()
    scene.process(program).cgroup = "/where/no/kill/reaches"  # as good as in D state
    scene.kill().unwrap()
    exit_ = scene.wait()
    scene.pass_time(5.0)
    assert scene.heard()[-1] == "TaskExited"
    scene.ends(program, 0)
    scene.pass_time(5.0)
    assert scene.heard()[-1] == "TaskExited sh"
    assert scene.wait() == exit_


def test_f01_the_init_s_exit_waits_for_no_exec_that_is_still_being_started(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    scene.pass_time()
    scene.at(At.RUNC_EXEC, Does.NEVER_ARRIVES)
    scene.begin(scene.starting(EXEC))
    scene.pass_time()
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.pass_time(5.0)
    assert scene.heard()[-1] == "TaskExited"


def test_h15_an_exec_that_was_never_started_gets_no_exit_when_the_init_dies(scene: Scene) -> None:
    scene.running(THREE)
    scene.add_exec().unwrap()
    scene.wait().unwrap()
    scene.pass_time(LONG_S)
    assert scene.view(EXEC).phase is Phase.CREATED
    assert "TaskExited sh" not in scene.heard()


def test_a_program_is_ended_before_its_reaper_s_end_is_written_down(scene: Scene) -> None:
    """The next daemon takes a recorded exit as it is, and looks no further (seed 52454)."""
    program = scene.with_exec()
    unit = scene.unit(EXEC)
    assert unit is not None
    assert unit.main is not None
    scene.pass_time()
    scene.at(At.RECORD_SAVE, Does.ANSWERS_LATE)
    scene.world.kernel.end(unit.main, MainCode.KILLED, SIGKILL)
    scene.pass_time()
    scene.restart()
    assert scene.wait(EXEC).unwrap().status == 128 + SIGKILL
    assert program not in scene.living()


@pytest.mark.parametrize("signal", [SIGHUP, SIGKILL])
def test_a_signal_that_hit_an_exec_s_reaper_alone_takes_its_program_too(
    scene: Scene, signal: int
) -> None:
    """`systemctl kill -s HUP` on the exec's unit, for one."""
    program = scene.with_exec()
    unit = scene.unit(EXEC)
    assert unit is not None
    assert unit.main is not None
    scene.world.kernel.end(unit.main, MainCode.KILLED, signal)
    assert scene.wait(EXEC).unwrap().status == 128 + signal
    scene.pass_time()
    assert not scene.process(program).lives


def test_a_program_that_left_a_child_is_told_by_its_own_end(scene: Scene) -> None:
    program = scene.with_exec(HANDLES_TERM)
    child = scene.world.kernel.fork(scene.process(program).cgroup)
    scene.kill(EXEC, SIGTERM).unwrap()
    assert scene.wait(EXEC).unwrap().status == 0
    assert child.lives
