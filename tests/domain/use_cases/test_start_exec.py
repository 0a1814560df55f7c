"""Start of an exec: rules 6 and 7 of the issue (R074, R083 to R087)."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from domain import bundle_files
from domain.event import ExecStarted, TaskExited
from domain.exit_status import MainCode
from domain.identity import NO_PID, ExecId, Pid
from domain.lifecycle import Phase
from domain.refusal import (
    BeingDeleted,
    CallerGone,
    ContainerNotStarted,
    InitNotRunning,
    Operation,
    Refusal,
    SystemdAway,
    WrongPhase,
)
from domain.use_cases.delete import NO_EXIT, Departed
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import SIGKILL, Program
from tests.domain.client import BUNDLE, EXEC, INIT, STAYS, asked, refused
from tests.domain.scene import Scene

QUICK: Final = Program(exits=3)
SH: Final = ExecId("sh")


# Who may be started.


def test_r083_an_exec_of_a_container_that_is_not_started_is_refused(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.add_exec().unwrap()
    assert scene.start(EXEC) == Failure(ContainerNotStarted())
    assert scene.view(EXEC).phase is Phase.CREATED
    assert At.RUNC_EXEC not in scene.script.calls


def test_r083_a_container_without_a_pid_is_looked_at_once_more_before_the_refusal(
    scene: Scene,
) -> None:
    scene.added()
    init = scene.shim.containers[INIT.owner].init
    init.pid = NO_PID
    before = scene.script.calls.count(At.UNIT_READ)
    assert scene.start(EXEC) == Failure(ContainerNotStarted())
    assert scene.script.calls.count(At.UNIT_READ) == before + 1


def test_t120_an_exec_of_a_container_that_has_ended_is_refused(scene: Scene) -> None:
    scene.added()
    scene.kill().unwrap()
    scene.wait().unwrap()
    assert scene.start(EXEC) == Failure(InitNotRunning("web"))
    assert At.RUNC_EXEC not in scene.script.calls


def test_t120_an_exec_is_refused_while_the_init_s_exit_is_being_written_down(
    scene: Scene,
) -> None:
    scene.added()
    starts: list[Task[Result[Pid, Refusal]]] = []
    scene.at(At.RECORD_SAVE, then=lambda: starts.append(scene.begin(scene.starting(EXEC))))
    scene.ends(scene.view().pid, 3)
    scene.pass_time()
    assert starts[0].outcome() == Failure(InitNotRunning("web"))


def test_an_exec_starts_in_a_container_that_is_only_created(scene: Scene) -> None:
    scene.created()
    scene.add_exec().unwrap()
    assert isinstance(scene.start(EXEC), Success)


def test_an_exec_of_a_container_that_is_being_deleted_is_refused(scene: Scene) -> None:
    scene.added()
    scene.shim.containers[INIT.owner].deletion = scene.world.scheduler.latch()
    assert scene.start(EXEC) == Failure(BeingDeleted("web"))


def test_d05_a_second_start_of_a_running_exec_is_refused_and_tells_nothing(scene: Scene) -> None:
    pid = scene.with_exec()
    told = scene.heard()
    before = scene.script.calls[:]
    assert refused(scene.start(EXEC)) == WrongPhase(Operation.START, Phase.RUNNING, f"pid: {pid}")
    assert scene.script.calls == before
    assert scene.heard() == told


def test_a_start_of_an_exec_that_has_exited_is_refused(scene: Scene) -> None:
    scene.with_exec(QUICK)
    scene.wait(EXEC).unwrap()
    why = refused(scene.start(EXEC))
    assert isinstance(why, WrongPhase)
    assert why.phase is Phase.EXITED
    assert scene.script.calls.count(At.RUNC_EXEC) == 1


def test_d05_of_two_starts_of_an_exec_at_once_one_wins() -> None:
    for seed in range(10):
        scene = Scene(seed)
        scene.added()
        calls = [scene.begin(scene.starting(EXEC)) for _ in range(2)]
        answers = [scene.answer(call) for call in calls]
        assert sorted(isinstance(each, Success) for each in answers) == [False, True]
        assert scene.script.calls.count(At.RUNC_EXEC) == 1
        assert scene.heard().count("ExecStarted sh") == 1


# It runs.


def test_r074_an_exec_that_starts_answers_and_tells_its_pid(scene: Scene) -> None:
    scene.added()
    pid = scene.start(EXEC).unwrap()
    assert scene.process(pid).program == STAYS
    assert scene.events()[-1] == ExecStarted(EXEC, pid)
    assert scene.view(EXEC).phase is Phase.RUNNING
    assert scene.view(EXEC).pid == pid


@pytest.mark.parametrize("status", [0, 1, 3, 127, 255])
@pytest.mark.parametrize("seed", range(4))
def test_d08_a_program_that_ends_at_once_with_any_number_is_a_normal_start(
    seed: int, status: int
) -> None:
    scene = Scene(seed)
    scene.added(Program(exits=status))
    pid = scene.start(EXEC).unwrap()
    assert pid != NO_PID
    exit_ = scene.wait(EXEC).unwrap()
    assert exit_.status == status
    assert scene.events()[-2:] == [ExecStarted(EXEC, pid), TaskExited(EXEC, pid, exit_)]
    assert scene.delete(EXEC) == Success(Departed(pid, exit_))


def test_r087_a_program_that_was_killed_while_its_unit_started_is_a_normal_start(
    scene: Scene,
) -> None:
    scene.added()

    before = set(scene.living())
    scene.at(At.RECORD_READ, then=lambda: end_new(scene, before))  # the pid file is read
    assert isinstance(scene.start(EXEC), Success)
    assert scene.wait(EXEC).unwrap().status == 137


def end_new(scene: Scene, before: set[Pid]) -> None:
    """Kills the program, which is in the container's cgroup and was not there before."""
    container = scene.process(scene.view().pid).cgroup
    for pid in set(scene.living()) - before:
        if scene.process(pid).cgroup == container:
            scene.ends(pid, SIGKILL, MainCode.KILLED)


@pytest.mark.parametrize("seed", range(20))
def test_d07_a_start_whose_answer_is_lost_is_no_success_and_its_program_does_not_run_on(
    seed: int,
) -> None:
    scene = Scene(seed)
    scene.added()
    scene.at(At.UNIT_START, Does.FAILS_AFTER)
    assert isinstance(refused(scene.start(EXEC)), SystemdAway)
    assert scene.wait(EXEC).unwrap().status in {137, 255}
    assert scene.living() == [scene.view().pid]
    assert ("ExecStarted sh" in scene.heard()) == ("TaskExited sh" in scene.heard())


# The caller gives up.


def test_r086_a_caller_who_leaves_kills_program_and_unit_and_gets_its_own_error(
    scene: Scene,
) -> None:
    scene.added()
    caller = scene.serving.caller()
    scene.at(At.RUNC_EXEC, then=caller.gone.open)
    outcome = scene.ask(start(scene.shim, caller, EXEC))
    assert isinstance(refused(outcome), CallerGone)
    scene.pass_time()
    assert scene.living() == [scene.view().pid]
    assert isinstance(scene.delete(EXEC), Success)


def test_r086_the_program_of_a_caller_who_left_is_killed_although_its_unit_holds_only_the_reaper(
    scene: Scene,
) -> None:
    scene.added()
    caller = scene.serving.caller()
    # runc has set the program up, and only then the caller leaves.
    scene.at(At.UNIT_START, Does.NEVER_ANSWERS)
    leave_when_it_runs(scene, caller.gone.open)
    assert isinstance(refused(scene.ask(start(scene.shim, caller, EXEC))), CallerGone)
    assert scene.wait(EXEC).unwrap().status == 137
    assert scene.living() == [scene.view().pid]
    assert scene.heard()[-2:] == ["ExecStarted sh", "TaskExited sh"]


def leave_when_it_runs(scene: Scene, leave: Callable[[], None]) -> None:
    """Goes on asking the disk, in the world's time, whether the pid file is there."""
    path = bundle_files.pid_file(BUNDLE, SH)

    async def look() -> None:
        while scene.machine.disk.file(path) is None:
            await scene.world.scheduler.first_of((), 0.001)
        leave()

    scene.world.scheduler.spawn("client", look(), "client")


@settings(max_examples=80)
@given(
    st.integers(0, 2**32),
    st.integers(0, 40),
    st.sampled_from([STAYS, QUICK, None]),
    st.sampled_from(["fifos", "terminal"]),
)
def test_a_caller_who_leaves_an_exec_at_any_moment_leaves_a_true_story(
    seed: int, moment: int, program: Program | None, stdio: str
) -> None:
    scene = Scene(seed)
    scene.added(program, terminal=stdio == "terminal")
    caller = scene.serving.caller()
    scene.before_step(moment, caller.gone.open)
    outcome = scene.ask(start(scene.shim, caller, EXEC))
    told = scene.heard()
    if isinstance(outcome, Success):
        assert told[3] == "ExecStarted sh"
        assert scene.view(EXEC).phase is (Phase.RUNNING if program is STAYS else Phase.EXITED)
        scene.kill(EXEC)
    exit_ = scene.wait(EXEC).unwrap()
    assert scene.living() == [scene.view().pid]
    ran = "ExecStarted sh" in told
    assert ("TaskExited sh" in scene.heard()) == ran
    departed = scene.delete(EXEC).unwrap()
    assert departed.exit == exit_
    assert (departed.pid != NO_PID) == ran
    scene.end()


# Never started.


def test_t180_an_exec_that_was_never_started_answers_zeros_when_deleted(scene: Scene) -> None:
    scene.added()
    assert scene.delete(EXEC) == Success(Departed(NO_PID, NO_EXIT))
    assert NO_EXIT.status == 0
    assert NO_EXIT.at == 0


def test_an_exec_that_ends_while_its_pid_is_looked_up_is_told_when_it_has_started(
    scene: Scene,
) -> None:
    """Its unit is read beside the pid file, and that reading came too early."""
    scene.running()
    scene.add_exec().unwrap()
    scene.script.late_s = 1.0
    scene.at(At.RECORD_READ, Does.LATE)
    before = set(scene.living())
    starting = scene.begin(scene.starting(EXEC))
    scene.pass_time(0.5)
    _, program = sorted(set(scene.living()) - before)  # after the reaper
    scene.ends(program, 3)
    scene.pass_time(0.1)
    assert scene.answer(starting).unwrap() == program
    scene.pass_time(0.1)
    exit_ = scene.view(EXEC).exit
    assert exit_ is not None
    assert exit_.status == 3


def test_r086_the_end_of_a_program_whose_caller_left_is_seen_without_a_hint(scene: Scene) -> None:
    scene.added()
    caller = scene.serving.caller()
    scene.at(At.UNIT_START, Does.NEVER_ANSWERS)
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    leave_when_it_runs(scene, caller.gone.open)
    refused(scene.ask(start(scene.shim, caller, EXEC)))
    scene.pass_time(0.5)  # long before anybody looks without having been told to
    assert scene.view(EXEC).exit is not None


def test_a_reading_beside_the_pid_file_that_failed_is_made_again_without_a_hint(
    scene: Scene,
) -> None:
    scene.added(Program(exits=3))
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    scene.start(EXEC).unwrap()
    scene.pass_time(0.5)
    exit_ = scene.view(EXEC).exit
    assert exit_ is not None
    assert exit_.status == 3
