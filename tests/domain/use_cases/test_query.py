"""State, Wait, Connect and Pids."""

from collections.abc import Callable
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain.exit_status import Exit
from domain.identity import NO_PID, ExecId
from domain.lifecycle import Phase
from domain.refusal import CallerGone, Refusal, RuncFailed, UnknownContainer, UnknownExec
from domain.use_cases import query
from domain.use_cases.query import ListedProcess, ProcessView, connect, pids, wait
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import Program
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, asked, refused
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)


# State.


def test_r104_what_is_unknown_is_not_found(scene: Scene) -> None:
    assert query.state(scene.shim, INIT) == Failure(UnknownContainer("web"))
    assert query.state(scene.shim, EXEC) == Failure(UnknownContainer("web"))
    scene.created()
    assert query.state(scene.shim, EXEC) == Failure(UnknownExec("sh"))


def test_r104_state_tells_all_of_a_process(scene: Scene) -> None:
    pid = scene.created()
    assert scene.view() == ProcessView(INIT, BUNDLE, pid, Phase.CREATED, asked().stdio, None)


@pytest.mark.parametrize(
    ("arrange", "phase"),
    [
        (lambda scene: scene.created(), Phase.CREATED),
        (lambda scene: scene.running(), Phase.RUNNING),
        (lambda scene: (scene.running(), scene.pause().unwrap()), Phase.PAUSED),
        (
            lambda scene: (scene.running(), scene.pause().unwrap(), scene.resume().unwrap()),
            Phase.RUNNING,
        ),
        (lambda scene: (scene.running(THREE), scene.wait().unwrap()), Phase.EXITED),
    ],
    ids=["created", "running", "paused", "resumed", "exited"],
)
def test_d19_d20_state_is_the_phase_of_the_task(
    scene: Scene, arrange: Callable[[Scene], object], phase: Phase
) -> None:
    arrange(scene)
    assert scene.view().phase is phase


def test_t141_an_exec_is_paused_with_its_container_but_only_while_it_runs(scene: Scene) -> None:
    scene.with_exec()
    ended = scene.shim.containers[WEB].execs
    scene.pause().unwrap()
    assert scene.view(EXEC).phase is Phase.PAUSED
    ended[ExecId("sh")].phase = Phase.EXITED
    assert scene.view(EXEC).phase is Phase.EXITED
    ended[ExecId("sh")].phase = Phase.CREATED
    assert scene.view(EXEC).phase is Phase.CREATED


def test_s7_state_shows_the_exit_only_when_it_may_be_told(scene: Scene) -> None:
    pid = scene.created()
    scene.pass_time()
    seen: list[ProcessView] = []
    scene.at(At.RECORD_SAVE, then=lambda: seen.append(scene.view()))
    scene.ends(pid, 3)
    scene.pass_time()
    assert (seen[0].phase, seen[0].exit) == (Phase.CREATED, None)
    exit_ = scene.view().exit
    assert exit_ is not None
    assert exit_.status == 3
    assert scene.view().pid == pid  # T133: the pid never goes back to 0


# Wait.


def waits(scene: Scene) -> Task[Result[Exit, Refusal]]:
    return scene.begin(scene.waiting_for())


def test_d21_wait_for_what_is_unknown_is_not_found(scene: Scene) -> None:
    assert scene.wait() == Failure(UnknownContainer("web"))
    scene.created()
    assert scene.wait(EXEC) == Failure(UnknownExec("sh"))


def test_r109_everybody_who_waits_gets_the_one_answer(scene: Scene) -> None:
    pid = scene.running()
    early = [waits(scene) for _ in range(5)]
    scene.pass_time(LONG_S)
    assert not any(each.done.is_open for each in early)
    scene.ends(pid, 42)
    answers = [scene.answer(each) for each in early]
    assert answers[0].unwrap().status == 42
    assert set(answers) == {scene.wait()}


def test_d16_waiting_again_and_again_tells_the_exit_once(scene: Scene) -> None:
    scene.running(THREE)
    for _ in range(3):
        scene.wait().unwrap()
        scene.view()
    assert scene.heard().count("TaskExited") == 1


def test_d22_a_caller_who_leaves_ends_its_own_wait_at_once_and_nobody_else_s(
    scene: Scene,
) -> None:
    pid = scene.running()
    other = waits(scene)
    caller = scene.serving.caller()
    leaving = scene.begin(wait(scene.shim, caller, INIT))
    scene.pass_time()
    caller.gone.open()
    assert scene.answer(leaving) == Failure(CallerGone("exit"))
    scene.ends(pid, 1)
    assert scene.answer(other).unwrap().status == 1


def test_d22_a_caller_who_has_left_before_the_wait_began_does_not_hang(scene: Scene) -> None:
    scene.running()
    caller = scene.serving.caller()
    caller.gone.open()
    assert scene.ask(wait(scene.shim, caller, INIT)) == Failure(CallerGone("exit"))


def test_who_leaves_just_when_the_exit_comes_is_told_of_the_exit(scene: Scene) -> None:
    scene.running(THREE)
    exit_ = scene.wait()
    caller = scene.serving.caller()
    caller.gone.open()
    assert scene.ask(wait(scene.shim, caller, INIT)) == exit_


def test_wait_for_a_process_that_is_deleted_without_an_exit_is_not_found(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.add_exec().unwrap()
    for_init, for_exec = waits(scene), scene.begin(scene.waiting_for(EXEC))
    scene.delete(EXEC).unwrap()
    assert scene.answer(for_exec) == Failure(UnknownExec("sh"))
    scene.delete().unwrap()
    assert scene.answer(for_init) == Failure(UnknownContainer("web"))


def test_an_exec_that_was_never_started_is_waited_for(scene: Scene) -> None:
    scene.running()
    scene.add_exec(THREE).unwrap()
    waiting = scene.begin(scene.waiting_for(EXEC))
    scene.pass_time()
    assert not waiting.done.is_open
    scene.start(EXEC).unwrap()
    assert scene.answer(waiting).unwrap().status == 3


# Connect and Pids.


def test_t147_connect_tells_the_init_s_pid_or_none(scene: Scene) -> None:
    assert connect(scene.shim, WEB) == NO_PID
    pid = scene.created()
    assert connect(scene.shim, WEB) == pid


def test_d53_pids_name_the_exec_that_a_process_belongs_to(scene: Scene) -> None:
    program = scene.with_exec()
    init = scene.view().pid
    listed = scene.ask(pids(scene.shim, WEB)).unwrap()
    assert set(listed) == {ListedProcess(init, None), ListedProcess(program, ExecId("sh"))}


def test_f29_a_process_with_the_pid_of_an_exec_that_has_ended_is_not_called_that_exec(
    scene: Scene,
) -> None:
    scene.with_exec(Program(exits=3))
    scene.wait(EXEC).unwrap()
    scene.shim.containers[WEB].execs[ExecId("sh")].pid = scene.shim.containers[WEB].init.pid
    listed = scene.ask(pids(scene.shim, WEB)).unwrap()
    assert [each.exec_id for each in listed] == [None]


def test_f29_nor_is_one_with_the_pid_of_an_exec_whose_end_was_not_told_yet(scene: Scene) -> None:
    """Seed 227830."""
    program = scene.with_exec()
    scene.pass_time()
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    scene.ends(program, 3)
    scene.world.kernel.fork(scene.process(program).cgroup, pid=program)
    assert scene.view(EXEC).phase is Phase.RUNNING
    assert ListedProcess(program, None) in scene.ask(pids(scene.shim, WEB)).unwrap()


def test_t146_a_stopped_task_has_no_pids_and_runc_is_not_asked(scene: Scene) -> None:
    scene.running(THREE)
    scene.wait().unwrap()
    scene.pass_time()
    before = scene.script.calls[:]
    assert scene.ask(pids(scene.shim, WEB)) == Success(())
    assert scene.script.calls == before


def test_t146_a_task_that_ends_while_runc_is_asked_has_no_pids(scene: Scene) -> None:
    pid = scene.running()
    scene.script.late_s = 5.0
    scene.at(At.RUNC_LIST, Does.LATE)
    listing = scene.begin(pids(scene.shim, WEB))
    scene.pass_time()
    scene.ends(pid, 3)
    assert scene.answer(listing) == Success(())


def test_a_task_that_waits_for_its_restore_has_no_pids(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    assert scene.ask(pids(scene.shim, WEB)) == Success(())


def test_pids_of_an_unknown_container_are_not_found(scene: Scene) -> None:
    assert scene.ask(pids(scene.shim, WEB)) == Failure(UnknownContainer("web"))


def test_runc_s_refusal_to_list_is_told(scene: Scene) -> None:
    scene.running()
    scene.at(At.RUNC_LIST, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.ask(pids(scene.shim, WEB))), RuncFailed)
