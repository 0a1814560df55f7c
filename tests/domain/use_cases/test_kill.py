"""Kill: who gets the signal, and what is said when nobody is there (D43)."""

from collections.abc import Callable
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain.identity import NO_PID, Pid
from domain.lifecycle import Phase
from domain.outcome import failed
from domain.refusal import (
    AlreadyFinished,
    InvalidArgument,
    NotCreatedYet,
    Refusal,
    SystemdAway,
    UnknownContainer,
    UnknownExec,
)
from domain.unit import Whom
from domain.use_cases.kill import SIGNAL_MAX, kill
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import SIGKILL, SIGTERM, Freezer, Program
from tests.domain.client import EXEC, INIT, asked, refused
from tests.domain.scene import Scene

HANDLES_TERM: Final = Program(runs_s=None, on_term=7)


def test_an_unknown_container_or_exec_is_not_found(scene: Scene) -> None:
    assert scene.kill() == Failure(UnknownContainer("web"))
    scene.created()
    assert scene.kill(EXEC) == Failure(UnknownExec("sh"))


@pytest.mark.parametrize("signal", [-1, SIGNAL_MAX + 1, 1000])
def test_what_is_no_signal_is_refused_before_anybody_is_asked(scene: Scene, signal: int) -> None:
    scene.with_exec()
    scene.pass_time()
    before = scene.script.calls[:]
    for key in (INIT, EXEC):
        assert isinstance(refused(scene.kill(key, signal)), InvalidArgument)
    assert scene.script.calls == before


@pytest.mark.parametrize("signal", [1, SIGNAL_MAX])
def test_every_real_signal_is_accepted(scene: Scene, signal: int) -> None:
    scene.with_exec()
    assert scene.kill(INIT, signal) == Success(None)
    assert scene.kill(EXEC, signal) == Success(None)


# An init.


def created(scene: Scene) -> None:
    scene.created()


def running(scene: Scene) -> None:
    scene.running()


def paused(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()


@pytest.mark.parametrize("arrange", [created, running, paused])
@pytest.mark.parametrize("whom", Whom)
def test_t151_kill_ends_an_init_in_every_phase_that_lives(
    scene: Scene, arrange: Callable[[Scene], None], whom: Whom
) -> None:
    arrange(scene)
    assert scene.kill(INIT, SIGKILL, whom) == Success(None)
    assert scene.wait().unwrap().status == 137
    assert scene.living() == []


@pytest.mark.parametrize("freezer", Freezer)
def test_f99_a_paused_container_that_is_killed_is_thawed_so_that_it_dies(
    scene: Scene, freezer: Freezer
) -> None:
    scene.world.kernel.freezer = freezer
    scene.running()
    scene.pause().unwrap()
    scene.kill().unwrap()
    assert scene.wait().unwrap().status == 137
    assert scene.world.kernel.frozen == {}


def test_f99_a_thaw_that_fails_is_said_and_the_kill_still_answered(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()
    scene.at(At.THAW, Does.FAILS_BEFORE)
    assert scene.kill() == Success(None)
    assert "a process may stay frozen" in str(scene.world.story)


def test_other_signals_leave_a_paused_container_frozen(scene: Scene) -> None:
    scene.running(HANDLES_TERM)
    scene.pause().unwrap()
    scene.kill(INIT, SIGTERM).unwrap()
    scene.pass_time()
    assert scene.view().phase is Phase.PAUSED
    assert At.THAW not in scene.script.calls
    scene.resume().unwrap()
    assert scene.wait().unwrap().status == 7


def test_a_signal_reaches_the_program_s_handler(scene: Scene) -> None:
    scene.running(HANDLES_TERM)
    scene.kill(INIT, SIGTERM).unwrap()
    assert scene.wait().unwrap().status == 7


def test_main_means_the_init_and_all_means_everybody_in_the_container() -> None:
    for whom, survivors in ((Whom.MAIN, True), (Whom.ALL, False)):
        scene = Scene()
        pid = scene.running(HANDLES_TERM, private=False)
        scene.add_exec(Program(runs_s=None, on_term=3)).unwrap()
        program = scene.start(EXEC).unwrap()
        scene.kill(INIT, SIGTERM, whom).unwrap()
        assert not scene.process(pid).lives
        assert scene.process(program).lives == survivors


def test_t155_signal_0_asks_whether_an_init_lives_and_does_nothing(scene: Scene) -> None:
    pid = scene.running()
    scene.pass_time()
    before = scene.script.calls[:]
    assert scene.kill(INIT, 0) == Success(None)
    assert scene.script.calls == before
    assert scene.living() == [pid]
    scene.kill().unwrap()
    scene.wait().unwrap()
    assert scene.kill(INIT, 0) == Failure(AlreadyFinished())


def test_t150_an_init_that_has_exited_is_gone_already(scene: Scene) -> None:
    scene.running(Program(exits=0))
    scene.wait().unwrap()
    assert scene.kill() == Failure(AlreadyFinished())
    assert At.UNIT_KILL not in scene.script.calls


def test_an_exit_that_is_just_being_written_down_counts_as_finished(scene: Scene) -> None:
    pid = scene.created()
    scene.pass_time()
    answers: list[Task[object]] = []
    scene.at(
        At.RECORD_SAVE,
        then=lambda: answers.append(scene.begin(kill(scene.shim, INIT, SIGKILL, Whom.MAIN))),
    )
    scene.ends(pid, 3)
    scene.pass_time()
    assert answers[0].outcome() == Failure(AlreadyFinished())


def test_a_container_that_start_has_yet_to_restore_is_not_created(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    assert scene.kill() == Failure(NotCreatedYet())


def restored_without_a_pid_file(scene: Scene) -> Task[Result[Pid, Refusal]]:
    """systemd knows no main process while it waits for that file; the program runs (F64)."""
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.at(At.PID_FILE, Does.NEVER_ARRIVES)
    start = scene.begin(scene.starting())
    scene.pass_time()
    assert scene.living()
    return start


def test_a_restore_that_hangs_can_be_killed(scene: Scene) -> None:
    start = restored_without_a_pid_file(scene)
    assert scene.kill(INIT, SIGKILL) == Success(None)
    assert scene.living() == []
    assert failed(scene.answer(start))


def test_no_other_signal_is_lost_on_a_restore_under_way(scene: Scene) -> None:
    restored_without_a_pid_file(scene)
    assert scene.kill(INIT, SIGTERM) == Failure(NotCreatedYet())
    assert scene.living()


def test_a_unit_that_systemd_no_longer_knows_is_finished_and_looked_at(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.machine.systemd.units.clear()
    assert scene.kill() == Failure(AlreadyFinished())
    scene.pass_time()
    assert scene.view().phase is Phase.EXITED
    assert scene.wait().unwrap().status == 255


def test_a_systemd_that_does_not_answer_is_said_to_be_away(scene: Scene) -> None:
    scene.running()
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.kill()), SystemdAway)


def test_f27_a_kill_is_not_blocked_by_a_start_that_hangs(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.NEVER_ANSWERS)
    scene.begin(scene.starting())
    scene.pass_time()
    assert scene.kill() == Success(None)
    assert scene.world.scheduler.now < 10.0


# An exec.


def ended_exec(scene: Scene) -> None:
    scene.add_exec(Program(exits=0)).unwrap()
    scene.start(EXEC).unwrap()
    scene.wait(EXEC).unwrap()


def failed_exec(scene: Scene) -> None:
    scene.add_exec(None).unwrap()
    refused(scene.start(EXEC))


NOBODY: Final[tuple[tuple[str, Callable[[Scene], object], Refusal], ...]] = (
    ("added", Scene.add_exec, NotCreatedYet()),
    ("exited", ended_exec, AlreadyFinished()),
    ("never ran", failed_exec, AlreadyFinished()),
)


@pytest.mark.parametrize(
    ("arrange", "why"), [each[1:] for each in NOBODY], ids=[each[0] for each in NOBODY]
)
@pytest.mark.parametrize("signal", [0, SIGTERM, SIGKILL])
def test_d43_not_started_and_finished_are_told_apart_for_an_exec(
    scene: Scene, arrange: Callable[[Scene], object], why: Refusal, signal: int
) -> None:
    scene.running()
    arrange(scene)
    assert scene.kill(EXEC, signal) == Failure(why)


def test_d43_an_exec_that_is_being_started_is_not_started_yet(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    kills: list[Task[Result[None, Refusal]]] = []
    scene.at(
        At.RUNC_EXEC,
        then=lambda: kills.append(scene.begin(kill(scene.shim, EXEC, SIGKILL, Whom.MAIN))),
    )
    scene.start(EXEC).unwrap()
    assert scene.answer(kills[0]) == Failure(NotCreatedYet())


def test_d43_not_started_and_finished_are_told_apart_for_an_init(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    assert scene.kill() == Failure(NotCreatedYet())
    scene.start().unwrap()
    scene.kill().unwrap()
    scene.wait().unwrap()
    assert scene.kill() == Failure(AlreadyFinished())


def test_an_exec_s_program_gets_the_signal_and_nobody_else(scene: Scene) -> None:
    init = scene.running()
    scene.add_exec(HANDLES_TERM).unwrap()
    scene.start(EXEC).unwrap()
    assert scene.kill(EXEC, SIGTERM) == Success(None)
    assert scene.wait(EXEC).unwrap().status == 7
    assert scene.living() == [init]


def test_all_means_nothing_more_for_an_exec(scene: Scene) -> None:
    init = scene.running()
    scene.add_exec().unwrap()
    scene.start(EXEC).unwrap()
    scene.kill(EXEC, SIGKILL, Whom.ALL).unwrap()
    assert scene.wait(EXEC).unwrap().status == 137
    assert scene.living() == [init]


def test_signal_0_of_an_exec_that_runs_does_nothing(scene: Scene) -> None:
    pid = scene.with_exec()
    assert scene.kill(EXEC, 0) == Success(None)
    assert scene.process(pid).lives


def test_s9_a_pid_that_another_process_has_by_now_is_not_signalled(scene: Scene) -> None:
    pid = scene.with_exec()
    process = scene.process(pid)
    stranger = scene.world.kernel.fork("/elsewhere")
    scene.world.kernel.processes[pid] = stranger  # the number has come back
    assert scene.kill(EXEC) == Failure(AlreadyFinished())
    assert stranger.lives
    scene.world.kernel.processes[pid] = process


def test_an_exec_that_ended_before_it_could_be_identified_is_finished(scene: Scene) -> None:
    scene.with_exec()
    [process] = scene.shim.containers[INIT.owner].execs.values()
    process.program = None
    assert scene.kill(EXEC) == Failure(AlreadyFinished())
    assert scene.view(EXEC).pid != NO_PID


def test_f99_an_exec_dies_in_a_container_that_a_dead_daemons_runc_has_frozen(
    scene: Scene,
) -> None:
    scene.world.kernel.freezer = Freezer.V1
    scene.with_exec()
    scene.world.kernel.freeze(scene.shim.containers[INIT.owner].cgroup)
    assert scene.view().phase is Phase.RUNNING
    scene.kill(EXEC).unwrap()
    assert scene.wait(EXEC).unwrap().status == 128 + SIGKILL


def test_an_execs_kill_thaws_no_container_that_was_paused(scene: Scene) -> None:
    scene.with_exec()
    scene.pause().unwrap()
    scene.kill(EXEC).unwrap()
    assert scene.world.kernel.frozen


def test_an_init_whose_start_is_under_way_takes_every_signal(scene: Scene) -> None:
    """Other than in a restore its process is there already."""
    pid = scene.created()
    scene.at(At.RUNC_START, Does.LATE)
    starting = scene.begin(scene.starting())
    scene.pass_time(1.0)
    assert scene.kill(signal=SIGTERM) == Success(None)
    assert SIGTERM in [signal for signal, _ in scene.process(pid).signalled]
    scene.answer(starting)
