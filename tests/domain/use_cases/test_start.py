"""Start of an init: rules 1, 2, 4 and 7 of the issue (R071 to R078, R082)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from domain.event import TaskStarted
from domain.identity import (
    NO_PID,
    ContainerId,
    ContainerKey,
    ExecId,
    Namespace,
    Pid,
    ProcessKey,
)
from domain.lifecycle import Phase
from domain.refusal import (
    BeingDeleted,
    Operation,
    Refusal,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import Program
from tests.domain.client import EXEC, INIT, STAYS, WEB, refused
from tests.domain.scene import Scene

GONE: Final = Program(exits=0)


# Rule 1: what is not known.


def test_r071_an_unknown_container_is_not_found(scene: Scene) -> None:
    assert scene.start() == Failure(UnknownContainer("web"))
    assert set(scene.script.calls) == {At.RECORD_READ}  # what booting reads


def test_r071_the_container_is_looked_for_before_the_exec(scene: Scene) -> None:
    assert scene.start(EXEC) == Failure(UnknownContainer("web"))


def test_r071_an_unknown_exec_is_not_found_and_nothing_is_touched(scene: Scene) -> None:
    scene.created()
    scene.pass_time()
    before = scene.script.calls[:]
    assert scene.start(EXEC) == Failure(UnknownExec("sh"))
    assert scene.script.calls == before


def test_s33_the_same_id_in_another_namespace_is_another_container(scene: Scene) -> None:
    scene.created()
    other = ProcessKey(ContainerKey(Namespace("other"), ContainerId("web")))
    assert scene.start(other) == Failure(UnknownContainer("web"))
    assert scene.view().phase is Phase.CREATED


# Rule 2: only what is created is started.


def nothing(_: Scene) -> None:
    pass


def pause(scene: Scene) -> None:
    scene.pause().unwrap()


def die(scene: Scene) -> None:
    scene.kill().unwrap()
    scene.wait().unwrap()


@pytest.mark.parametrize(
    ("arrange", "phase"),
    [(nothing, Phase.RUNNING), (pause, Phase.PAUSED), (die, Phase.EXITED)],
    ids=["running", "paused", "exited"],
)
def test_d04_a_second_start_is_refused_before_runc_and_hurts_nobody(
    scene: Scene, arrange: Callable[[Scene], None], phase: Phase
) -> None:
    scene.running()
    arrange(scene)
    scene.pass_time()
    living, before = scene.living(), scene.script.calls[:]
    why = refused(scene.start())
    assert isinstance(why, WrongPhase)
    assert (why.operation, why.phase) == (Operation.START, phase)
    assert scene.script.calls == before
    assert scene.living() == living


def test_r078_a_start_of_an_exited_init_says_its_state(scene: Scene) -> None:
    pid = scene.created()
    scene.ends(pid, 3)
    exit_ = scene.wait().unwrap()
    assert refused(scene.start()) == WrongPhase(
        Operation.START, Phase.EXITED, f"pid: {pid}, code: 3, exitedAt: {exit_.at}"
    )
    assert At.RUNC_START not in scene.script.calls


def test_r078_a_start_says_the_pid_of_one_that_runs(scene: Scene) -> None:
    pid = scene.running()
    assert refused(scene.start()) == WrongPhase(Operation.START, Phase.RUNNING, f"pid: {pid}")


def test_a_start_while_the_exit_is_being_written_down_is_refused(scene: Scene) -> None:
    pid = scene.created()
    scene.pass_time()
    starts: list[Task[Result[Pid, Refusal]]] = []
    scene.at(At.RECORD_SAVE, then=lambda: starts.append(scene.begin(scene.starting())))
    scene.ends(pid, 3)
    scene.pass_time()
    assert isinstance(refused(starts[0].outcome()), WrongPhase)
    assert At.RUNC_START not in scene.script.calls
    assert scene.heard() == ["TaskCreated", "TaskExited"]


def test_d04_of_two_starts_at_once_one_wins_and_the_other_has_no_side_effect() -> None:
    for seed in range(10):
        scene = Scene(seed)
        pid = scene.created()
        calls = [scene.begin(scene.starting()) for _ in range(2)]
        answers = [scene.answer(call) for call in calls]
        [loser] = [each for each in answers if each != Success(pid)]
        assert refused(loser) == WrongPhase(Operation.START, Phase.STARTING, f"pid: {pid}")
        assert scene.script.calls.count(At.RUNC_START) == 1
        assert scene.heard() == ["TaskCreated", "TaskStarted"]
        assert scene.living() == [pid]


def test_h13_a_start_while_delete_is_under_way_is_refused(scene: Scene) -> None:
    scene.created()
    starts: list[Task[Result[Pid, Refusal]]] = []
    scene.at(At.RUNC_DELETE, then=lambda: starts.append(scene.begin(scene.starting())))
    scene.delete().unwrap()
    [begun_late] = starts
    assert scene.answer(begun_late) in {
        Failure(BeingDeleted("web")),
        Failure(UnknownContainer("web")),
    }
    assert At.RUNC_START not in scene.script.calls


# Rules 4 and 7: runc succeeds.


def test_d02_a_start_answers_and_tells_the_pid_that_create_answered(scene: Scene) -> None:
    pid = scene.created()
    assert scene.start() == Success(pid)
    assert pid != NO_PID
    assert scene.events()[1:] == [TaskStarted(WEB, pid)]
    assert scene.view().phase is Phase.RUNNING


@pytest.mark.parametrize("seed", range(20))
def test_d17_the_start_is_told_before_the_exit_of_a_program_that_ends_at_once(seed: int) -> None:
    scene = Scene(seed)
    pid = scene.created(Program(exits=5))
    assert scene.start() == Success(pid)
    assert scene.wait().unwrap().status == 5
    assert scene.heard() == ["TaskCreated", "TaskStarted", "TaskExited"]


def test_d19_a_task_is_created_until_its_start_has_succeeded(scene: Scene) -> None:
    scene.created()
    seen: list[Phase] = []
    scene.at(At.RUNC_START, then=lambda: seen.append(scene.view().phase))
    assert scene.view().phase is Phase.CREATED
    scene.start().unwrap()
    assert seen == [Phase.STARTING]


def test_a_start_is_written_down_before_runc_is_called(scene: Scene) -> None:
    scene.created()
    written: list[Phase] = []

    def look() -> None:
        record = scene.record()
        assert record is not None
        written.append(record.init.phase)

    scene.at(At.RUNC_START, then=look)
    scene.start().unwrap()
    assert written == [Phase.STARTING]


def test_a_start_goes_on_without_a_record(scene: Scene) -> None:
    """A full disk is no reason to end a container (F116)."""
    pid = scene.created()
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, times=20)
    assert scene.start() == Success(pid)


# Any order of what happens at once.


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([GONE, STAYS]))
def test_a_caller_who_leaves_a_start_at_any_moment_spoils_nothing(
    seed: int, moment: int, program: Program
) -> None:
    scene = Scene(seed)
    pid = scene.created(program)
    caller = scene.serving.caller()
    scene.before_step(moment, caller.gone.open)
    outcome = scene.ask(start(scene.shim, caller, INIT))
    assert outcome == Success(pid)
    assert scene.heard()[:2] == ["TaskCreated", "TaskStarted"]
    assert scene.view().phase is (Phase.RUNNING if program is STAYS else Phase.EXITED)
    scene.end()


def test_an_exec_s_name_is_no_container_s(scene: Scene) -> None:
    scene.created()
    assert scene.start(replace(INIT, exec_id=ExecId("web"))) == Failure(UnknownExec("web"))
