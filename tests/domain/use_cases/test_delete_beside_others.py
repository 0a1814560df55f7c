"""Delete while something else is under way (S14, T110)."""

from collections.abc import Callable
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain.lifecycle import Phase
from domain.refusal import (
    CallerGone,
    ContainerExists,
    Operation,
    Refusal,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.use_cases.create import create
from domain.use_cases.delete import Departed, delete
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import Program
from tests.domain.client import EXEC, INIT, asked, refused
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)


def test_s14_of_two_deletes_at_once_one_answers_and_the_other_finds_nothing() -> None:
    for seed in range(10):
        scene = Scene(seed)
        scene.exited(THREE)
        calls = [scene.begin(scene.deleting()) for _ in range(2)]
        answers = [scene.answer(call) for call in calls]
        assert sorted(isinstance(each, Success) for each in answers) == [False, True]
        assert Failure(UnknownContainer("web")) in answers
        assert scene.heard().count("TaskDeleted") == 1


def test_a_second_delete_does_what_the_first_one_failed_to_do(scene: Scene) -> None:
    scene.exited(THREE)
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    answers = [
        scene.answer(call)
        for call in (scene.begin(scene.deleting()), scene.begin(scene.deleting()))
    ]
    assert sorted(isinstance(each, Success) for each in answers) == [False, True]
    assert scene.left() == {}


def test_a_caller_who_leaves_the_other_s_delete_hears_that_it_left(scene: Scene) -> None:
    scene.exited(THREE)
    scene.script.late_s = 20.0
    scene.at(At.UNMOUNT, Does.LATE)
    first = scene.begin(scene.deleting())
    scene.pass_time()
    caller = scene.serving.caller()
    second = scene.begin(delete(scene.shim, caller, INIT))
    scene.pass_time()
    caller.gone.open()
    assert scene.answer(second) == Failure(CallerGone("delete"))
    assert isinstance(scene.answer(first), Success)


def test_two_deletes_of_one_exec_at_once_leave_one_story(scene: Scene) -> None:
    scene.with_exec(THREE)
    exit_ = scene.wait(EXEC).unwrap()
    calls = [scene.begin(scene.deleting(EXEC)) for _ in range(2)]
    for call in calls:
        answer = scene.answer(call)
        assert answer == Failure(UnknownExec("sh")) or answer.unwrap().exit == exit_
    assert scene.add_exec() == Success(None)
    assert isinstance(scene.start(EXEC), Success)


@pytest.mark.parametrize("seed", range(20))
def test_a_second_delete_of_an_exec_does_not_hit_the_next_one_of_its_id(seed: int) -> None:
    scene = Scene(seed)
    scene.with_exec(THREE)
    scene.wait(EXEC).unwrap()
    scene.pass_time()  # all rests, so that the next step is the first Delete's
    first = scene.begin(scene.deleting(EXEC))
    scene.world.scheduler.run(1)
    second = scene.begin(scene.deleting(EXEC))
    scene.answer(first).unwrap()
    assert scene.add_exec() == Success(None)
    scene.pass_time(10.0)
    assert scene.answer(second) == Failure(UnknownExec("sh"))
    assert isinstance(scene.start(EXEC), Success)


def test_t110_a_delete_waits_for_the_create_of_its_id_that_is_under_way(scene: Scene) -> None:
    scene.bundle()
    making = scene.begin(create(scene.shim, scene.serving.caller(), asked()))
    scene.world.scheduler.run(3)
    deleting = scene.begin(scene.deleting())
    assert isinstance(scene.answer(making), Success)
    assert isinstance(scene.answer(deleting), Success)
    assert scene.left() == {}


def test_t110_a_delete_after_a_failed_create_finds_nothing(scene: Scene) -> None:
    scene.bundle(None)
    making = scene.begin(create(scene.shim, scene.serving.caller(), asked()))
    scene.world.scheduler.run(3)
    deleting = scene.begin(scene.deleting())
    assert isinstance(scene.answer(making), Failure)
    assert scene.answer(deleting) == Failure(UnknownContainer("web"))


def test_a_caller_who_leaves_while_a_create_is_under_way_deletes_nothing(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.RUNC_CREATE, Does.LATE)
    making = scene.begin(create(scene.shim, scene.serving.caller(), asked()))
    caller = scene.serving.caller()
    deleting = scene.begin(delete(scene.shim, caller, INIT))
    scene.pass_time()
    caller.gone.open()
    assert scene.answer(deleting) == Failure(CallerGone("delete"))
    assert isinstance(scene.answer(making), Success)


def test_what_is_asked_of_a_container_that_is_being_deleted_is_refused_or_answered_from_memory(
    scene: Scene,
) -> None:
    exit_ = scene.exited(THREE)
    scene.script.late_s = 20.0
    scene.at(At.UNMOUNT, Does.LATE)
    deleting = scene.begin(scene.deleting())
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
    scene.at(At.RUNC_EXEC, then=lambda: deletes.append(scene.begin(scene.deleting(EXEC))))
    pid = scene.ask(scene.starting(EXEC)).unwrap()
    assert refused(scene.answer(deletes[0])) == WrongPhase(Operation.DELETE, Phase.STARTING)
    assert pid in scene.living()


def test_an_exec_whose_delete_is_under_way_cannot_be_started(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    scene.script.late_s = 20.0
    scene.at(At.STDIO, Does.LATE)
    deleting = scene.begin(scene.deleting(EXEC))
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
    deleting = scene.begin(scene.deleting(EXEC))
    starting = scene.begin(scene.starting(EXEC))
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
    calls = (
        scene.begin(scene.deleting()),
        scene.begin(scene.starting()),
    )
    deleted, started = scene.answer(calls[0]), scene.answer(calls[1])
    if isinstance(deleted, Success):
        assert isinstance(started, Failure)
        assert scene.left() == {}
    else:
        assert started == Success(pid)
        assert scene.living() == [pid]
