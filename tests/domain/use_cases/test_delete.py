"""Delete: refused while anything runs, repeatable after a failure, and once done for good."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain import limits
from domain.event import TaskDeleted, TaskExited
from domain.exit_status import NEVER, Exit, ExitStatus
from domain.identity import NO_PID, ExecId, ProcessKey
from domain.lifecycle import Phase
from domain.limits import Seconds
from domain.refusal import (
    CallerGone,
    ContainerExists,
    MountFailed,
    Operation,
    RecordFailed,
    Refusal,
    RuncFailed,
    UnitFailed,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.use_cases.create import create
from domain.use_cases.delete import Departed, delete
from domain.use_cases.query import wait
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import Program
from sim.world.pipes import Pipes
from sim.world.streams import FakeFifos
from sim.world.world import World
from tests.domain.scene import BUNDLE, EXEC, INIT, LONG_S, WEB, Scene, asked, refused

THREE: Final = Program(exits=3)


def exited(scene: Scene) -> Exit:
    """A container that has run and ended."""
    scene.running(THREE)
    exit_: Exit = scene.wait().unwrap()
    scene.pass_time()
    return exit_


def begun(scene: Scene, key: ProcessKey = INIT) -> Task[Result[Departed, Refusal]]:
    return scene.begin(delete(scene.shim, scene.caller(), key))


# Refusals.


def test_an_unknown_container_is_not_found(scene: Scene) -> None:
    assert scene.delete() == Failure(UnknownContainer("web"))


def test_an_unknown_exec_is_not_found(scene: Scene) -> None:
    scene.created()
    assert scene.delete(EXEC) == Failure(UnknownExec("sh"))


@pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.PAUSED])
def test_r133_a_container_that_has_not_exited_is_refused_and_untouched(
    scene: Scene, phase: Phase
) -> None:
    pid = scene.running()
    if phase is Phase.PAUSED:
        scene.pause().unwrap()
    scene.pass_time()
    before = scene.script.calls[:]
    assert refused(scene.delete()) == WrongPhase(Operation.DELETE, phase)
    assert scene.script.calls == before
    assert scene.living() == [pid]


def test_a_delete_while_a_start_is_under_way_is_refused(scene: Scene) -> None:
    scene.created()
    deletes: list[Task[Result[Departed, Refusal]]] = []
    scene.at(At.RUNC_START, then=lambda: deletes.append(begun(scene)))
    scene.start().unwrap()
    assert refused(scene.answer(deletes[0])) == WrongPhase(Operation.DELETE, Phase.STARTING)


def test_a_delete_while_the_exit_is_being_written_down_is_refused(scene: Scene) -> None:
    """The client is told STOPPED only when it is (T181)."""
    pid = scene.created()
    scene.pass_time()
    deletes: list[Task[Result[Departed, Refusal]]] = []
    scene.at(At.RECORD_SAVE, then=lambda: deletes.append(begun(scene)))
    scene.ends(pid, 3)
    scene.pass_time()
    assert refused(deletes[0].outcome()) == WrongPhase(Operation.DELETE, Phase.CREATED)
    assert isinstance(scene.delete(), Success)


def test_r134_a_running_exec_is_refused_and_untouched(scene: Scene) -> None:
    pid = scene.with_exec()
    assert refused(scene.delete(EXEC)) == WrongPhase(Operation.DELETE, Phase.RUNNING)
    assert pid in scene.living()


# Done.


def test_r133_a_delete_answers_the_exit_tells_of_it_and_leaves_nothing(scene: Scene) -> None:
    exit_ = exited(scene)
    pid = scene.view().pid
    assert scene.delete() == Success(Departed(pid, exit_))
    assert scene.events()[-1] == TaskDeleted(WEB, pid, exit_)
    assert scene.left() == {}
    assert scene.delete() == Failure(UnknownContainer("web"))
    assert scene.heard().count("TaskDeleted") == 1
    assert scene.script.calls.count(At.RUNC_DELETE) == 1  # at the exit already


class Noting(FakeFifos):
    """Fifos that say in which order they were drained and closed."""

    def __init__(self, world: World, pipes: Pipes) -> None:
        super().__init__(world, pipes)
        self.notes: list[str] = []

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        self.notes.append(f"drain {process}")
        await super().drain(process, within)

    async def close(self, process: ProcessKey) -> None:
        self.notes.append(f"close {process}")
        await super().close(process)


def test_t176_every_process_s_output_is_drained_before_its_ends_are_closed(scene: Scene) -> None:
    fifos = Noting(scene.world, scene.machine.pipes)
    scene.shim.ports = replace(scene.shim.ports, fifos=fifos)
    scene.with_exec()
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.delete().unwrap()
    assert set(fifos.notes[:2]) == {"drain default/web", "drain default/web/sh"}
    assert set(fifos.notes[2:]) == {"close default/web", "close default/web/sh"}


def test_d53_a_created_container_is_ended_first_and_its_exit_told_before_the_delete(
    scene: Scene,
) -> None:
    pid = scene.created()
    departed = scene.delete().unwrap()
    assert (departed.pid, departed.exit.status) == (pid, 137)
    assert scene.events()[-2:] == [
        TaskExited(INIT, pid, departed.exit),
        TaskDeleted(WEB, pid, departed.exit),
    ]
    assert scene.left() == {}


def test_a_container_that_was_never_restored_has_no_exit(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    assert scene.delete() == Success(Departed(NO_PID, Exit(ExitStatus(0), NEVER)))
    assert scene.heard() == ["TaskCreated", "TaskDeleted"]
    assert scene.left() == {}
    [_, told] = scene.events()
    assert isinstance(told, TaskDeleted)
    assert told.exit.status == 255  # never a success that nobody saw (S6)


def test_h13_execs_go_with_their_container(scene: Scene) -> None:
    scene.with_exec()
    scene.add_exec(key=ProcessKey(WEB, ExecId("idle"))).unwrap()
    scene.kill().unwrap()
    scene.wait().unwrap()
    waiting = scene.begin(wait(scene.shim, scene.caller(), ProcessKey(WEB, ExecId("idle"))))
    scene.delete().unwrap()
    assert scene.answer(waiting) == Failure(UnknownExec("idle"))
    assert scene.left() == {}
    assert scene.heard()[-3:] == ["TaskExited sh", "TaskExited", "TaskDeleted"]


def test_r134_a_deleted_exec_leaves_nothing_and_its_id_is_free(scene: Scene) -> None:
    pid = scene.with_exec(THREE)
    exit_ = scene.wait(EXEC).unwrap()
    assert scene.delete(EXEC) == Success(Departed(pid, exit_))
    assert scene.unit(EXEC) is None
    assert list(scene.serving.fifos.held) == [INIT]
    files = scene.machine.disk.bundles[BUNDLE].files
    assert not [path for path in files if "/execs/" in path]
    assert scene.add_exec() == Success(None)
    assert "TaskDeleted" not in scene.heard()


def test_an_exec_deleted_before_its_exit_was_told_is_told_all_the_same(scene: Scene) -> None:
    """containerd is slow to acknowledge; the exec is gone when it gets to its exit."""
    scene.script.late_s = 30.0
    scene.with_exec(THREE)
    scene.at(At.PUBLISH, Does.LATE)
    exit_ = scene.wait(EXEC).unwrap()
    departed = scene.delete(EXEC).unwrap()
    assert "TaskExited sh" not in [type(each).__name__ for each in scene.machine.sink.got]
    scene.pass_time(100.0)
    assert scene.events()[-1] == TaskExited(EXEC, departed.pid, exit_)


def test_s4_an_id_that_is_used_again_says_nothing_before_its_former_life_has_ended(
    scene: Scene,
) -> None:
    exited(scene)
    scene.script.late_s = 30.0
    scene.at(At.PUBLISH, Does.LATE)
    scene.delete().unwrap()
    scene.created()
    assert scene.heard() == ["TaskCreated", "TaskStarted", "TaskExited"]
    scene.pass_time(100.0)
    assert scene.heard()[3:] == ["TaskDeleted", "TaskCreated"]


# Failures.


STEPS: Final[tuple[tuple[str, At, type[Refusal]], ...]] = (
    ("record", At.RECORD_SAVE, RecordFailed),
    ("unit not stopped", At.UNIT_STOP, UnitFailed),
    ("unit not released", At.UNIT_RELEASE, UnitFailed),
    ("busy mount", At.UNMOUNT, MountFailed),
)


@pytest.mark.parametrize(
    ("at", "why"), [each[1:] for each in STEPS], ids=[each[0] for each in STEPS]
)
def test_d23_a_delete_that_fails_at_any_step_keeps_the_task_and_can_be_asked_again(
    scene: Scene, at: At, why: type[Refusal]
) -> None:
    exit_ = exited(scene)
    pid = scene.view().pid
    scene.at(at, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.delete()), why)
    assert scene.view().phase is Phase.EXITED
    assert scene.wait() == Success(exit_)
    assert "TaskDeleted" not in scene.heard()
    assert BUNDLE in scene.machine.disk.bundles
    assert scene.delete() == Success(Departed(pid, exit_))
    assert scene.left() == {}
    assert scene.heard().count("TaskDeleted") == 1


def test_runc_s_refusal_to_forget_is_told_in_its_own_words(scene: Scene) -> None:
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE, times=2)
    exited(scene)
    why = refused(scene.delete())
    assert isinstance(why, RuncFailed)
    assert why.command == "delete"
    assert isinstance(scene.delete(), Success)


def test_s7_without_a_record_of_the_exit_the_unit_that_has_it_is_not_released(
    scene: Scene,
) -> None:
    scene.running(THREE)
    scene.wait().unwrap()
    scene.pass_time()
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE)
    refused(scene.delete())
    assert scene.unit() is not None


@pytest.mark.parametrize(
    "at", [At.RECORD_SAVE, At.UNIT_STOP, At.UNIT_RELEASE, At.BUNDLE], ids=lambda at: at.name
)
def test_a_delete_of_an_exec_that_fails_can_be_asked_again(scene: Scene, at: At) -> None:
    scene.with_exec(THREE)
    exit_ = scene.wait(EXEC).unwrap()
    scene.pass_time()
    scene.at(at, Does.FAILS_BEFORE)
    refused(scene.delete(EXEC))
    assert scene.view(EXEC).exit == exit_
    assert scene.delete(EXEC).unwrap().exit == exit_
    assert scene.unit(EXEC) is None


def test_d24_a_stop_that_systemd_never_answers_is_given_up_after_its_limit(scene: Scene) -> None:
    exited(scene)
    scene.at(At.UNIT_STOP, Does.NEVER_ANSWERS)
    deleting = begun(scene)
    scene.pass_time(LONG_S)
    assert isinstance(refused(deleting.outcome()), UnitFailed)
    assert isinstance(scene.delete(), Success)


def test_an_init_that_does_not_die_keeps_its_container(scene: Scene) -> None:
    scene.created()
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE, times=limits.DEATH_LOOKS + 1)
    assert isinstance(refused(scene.delete()), UnitFailed)
    assert scene.view().phase is Phase.CREATED
    assert isinstance(scene.delete(), Success)


# Two at once, and other calls beside it.


def test_s14_of_two_deletes_at_once_one_answers_and_the_other_finds_nothing() -> None:
    for seed in range(10):
        scene = Scene(seed)
        exited(scene)
        calls = [begun(scene) for _ in range(2)]
        answers = [scene.answer(call) for call in calls]
        assert sorted(isinstance(each, Success) for each in answers) == [False, True]
        assert Failure(UnknownContainer("web")) in answers
        assert scene.heard().count("TaskDeleted") == 1


def test_a_second_delete_does_what_the_first_one_failed_to_do(scene: Scene) -> None:
    exited(scene)
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    answers = [scene.answer(call) for call in (begun(scene), begun(scene))]
    assert sorted(isinstance(each, Success) for each in answers) == [False, True]
    assert scene.left() == {}


def test_a_caller_who_leaves_the_other_s_delete_hears_that_it_left(scene: Scene) -> None:
    exited(scene)
    scene.script.late_s = 20.0
    scene.at(At.UNMOUNT, Does.LATE)
    first = begun(scene)
    scene.pass_time()
    caller = scene.caller()
    second = scene.begin(delete(scene.shim, caller, INIT))
    scene.pass_time()
    caller.gone.open()
    assert scene.answer(second) == Failure(CallerGone("delete"))
    assert isinstance(scene.answer(first), Success)


def test_two_deletes_of_one_exec_at_once_leave_one_story(scene: Scene) -> None:
    scene.with_exec(THREE)
    exit_ = scene.wait(EXEC).unwrap()
    calls = [begun(scene, EXEC) for _ in range(2)]
    for call in calls:
        answer = scene.answer(call)
        assert answer == Failure(UnknownExec("sh")) or answer.unwrap().exit == exit_
    assert scene.add_exec() == Success(None)
    assert isinstance(scene.start(EXEC), Success)


def test_t110_a_delete_waits_for_the_create_of_its_id_that_is_under_way(scene: Scene) -> None:
    scene.bundle()
    making = scene.begin(create(scene.shim, scene.caller(), asked()))
    scene.world.scheduler.run(3)
    deleting = begun(scene)
    assert isinstance(scene.answer(making), Success)
    assert isinstance(scene.answer(deleting), Success)
    assert scene.left() == {}


def test_t110_a_delete_after_a_failed_create_finds_nothing(scene: Scene) -> None:
    scene.bundle(None)
    making = scene.begin(create(scene.shim, scene.caller(), asked()))
    scene.world.scheduler.run(3)
    deleting = begun(scene)
    assert isinstance(scene.answer(making), Failure)
    assert scene.answer(deleting) == Failure(UnknownContainer("web"))


def test_a_caller_who_leaves_while_a_create_is_under_way_deletes_nothing(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.RUNC_CREATE, Does.LATE)
    making = scene.begin(create(scene.shim, scene.caller(), asked()))
    caller = scene.caller()
    deleting = scene.begin(delete(scene.shim, caller, INIT))
    scene.pass_time()
    caller.gone.open()
    assert scene.answer(deleting) == Failure(CallerGone("delete"))
    assert isinstance(scene.answer(making), Success)


def test_what_is_asked_of_a_container_that_is_being_deleted_is_refused_or_answered_from_memory(
    scene: Scene,
) -> None:
    exit_ = exited(scene)
    scene.script.late_s = 20.0
    scene.at(At.UNMOUNT, Does.LATE)
    deleting = begun(scene)
    scene.pass_time()
    assert scene.wait() == Success(exit_)
    assert scene.view().phase is Phase.EXITED
    asks: tuple[Callable[[], Result[object, Refusal]], ...] = (
        scene.start,
        scene.add_exec,
        scene.pause,
        scene.kill,
        lambda: scene.create(asked()),
    )
    for ask in asks:
        assert isinstance(ask(), Failure)
    assert scene.create(asked()) == Failure(ContainerExists("web"))
    assert isinstance(scene.answer(deleting), Success)


def test_a_delete_of_an_exec_whose_start_is_under_way_is_refused(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    deletes: list[Task[Result[Departed, Refusal]]] = []
    scene.at(At.RUNC_EXEC, then=lambda: deletes.append(begun(scene, EXEC)))
    pid = scene.ask(start(scene.shim, scene.caller(), EXEC)).unwrap()
    assert refused(scene.answer(deletes[0])) == WrongPhase(Operation.DELETE, Phase.STARTING)
    assert pid in scene.living()


def test_an_exec_whose_delete_is_under_way_cannot_be_started(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    scene.script.late_s = 20.0
    scene.at(At.STDIO, Does.LATE)
    deleting = begun(scene, EXEC)
    scene.pass_time(0.01)
    refused_or_gone = scene.start(EXEC)
    assert isinstance(scene.answer(deleting), Success)
    assert isinstance(refused_or_gone, Failure)
    scene.pass_time(LONG_S)
    assert scene.living() == [scene.view().pid]


@pytest.mark.parametrize("seed", range(30))
def test_a_start_and_a_delete_of_one_exec_at_once_leave_no_process_behind(seed: int) -> None:
    scene = Scene(seed)
    scene.running()
    scene.add_exec().unwrap()
    deleting = begun(scene, EXEC)
    starting = scene.begin(start(scene.shim, scene.caller(), EXEC))
    outcome, deleted = scene.answer(starting), scene.answer(deleting)
    if isinstance(deleted, Success):
        assert isinstance(outcome, Failure)
        assert scene.living() == [scene.view().pid]
        assert scene.unit(EXEC) is None
    else:
        assert isinstance(outcome, Success)


@pytest.mark.parametrize("seed", range(30))
def test_a_start_and_a_delete_of_one_container_at_once_leave_one_winner(seed: int) -> None:
    scene = Scene(seed)
    pid = scene.created()
    calls = begun(scene), scene.begin(start(scene.shim, scene.caller(), INIT))
    deleted, started = scene.answer(calls[0]), scene.answer(calls[1])
    if isinstance(deleted, Success):
        assert isinstance(started, Failure)
        assert scene.left() == {}
    else:
        assert started == Success(pid)
        assert scene.living() == [pid]
