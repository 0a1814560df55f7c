"""Exec: registers, and nothing else (R067)."""

from collections.abc import Callable

import pytest
from returns.result import Failure, Result, Success

from domain import bundle_files
from domain.event import ExecAdded
from domain.identity import NO_PID, ExecId
from domain.lifecycle import Phase
from domain.refusal import (
    BeingDeleted,
    BundleFailed,
    ExecExists,
    InvalidArgument,
    Operation,
    RecordFailed,
    Refusal,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.request import ExecRequest, Stdio
from domain.use_cases.add_exec import add_exec
from domain.use_cases.keep import keep
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import Program
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, exec_asked, refused
from tests.domain.scene import Scene

SPEC_FILE = bundle_files.exec_spec(BUNDLE, ExecId("sh"))


def test_an_exec_of_an_unknown_container_is_not_found(scene: Scene) -> None:
    assert scene.add_exec() == Failure(UnknownContainer("web"))


def test_r067_an_exec_is_registered_and_told_and_nothing_runs(scene: Scene) -> None:
    init = scene.running()
    assert scene.add_exec() == Success(None)
    view = scene.view(EXEC)
    assert (view.phase, view.pid, view.exit) == (Phase.CREATED, NO_PID, None)
    assert scene.living() == [init]
    assert scene.unit(EXEC) is None
    assert scene.events()[-1] == ExecAdded(EXEC)
    assert SPEC_FILE in scene.machine.disk.bundles[BUNDLE].files


def test_f116_an_exec_that_no_disk_takes_is_refused_and_its_id_stays_free(scene: Scene) -> None:
    """The next daemon would not know it, and its exit would be lost (seed 28469)."""
    scene.running()
    scene.pass_time()
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.add_exec()), RecordFailed)
    assert "ExecAdded sh" not in scene.heard()
    scene.restart()
    assert refused(scene.start(EXEC)) == UnknownExec("sh")
    scene.add_exec().unwrap()
    scene.start(EXEC).unwrap()


def test_an_exec_is_in_no_record_before_its_spec_is_on_disk(scene: Scene) -> None:
    """Else the next daemon knows one that runc cannot start: it reads an empty spec (soak, lab)."""
    scene.running()
    scene.pass_time()
    scene.at(At.BUNDLE, Does.LATE)
    adding = scene.begin(add_exec(scene.shim, exec_asked()))
    scene.pass_time()
    scene.ask(keep(scene.shim, scene.shim.containers[WEB])).unwrap()
    assert refused(scene.add_exec()) == ExecExists("sh")
    assert not adding.done.is_open
    scene.restart()
    assert refused(scene.start(EXEC)) == UnknownExec("sh")
    scene.add_exec().unwrap()
    scene.start(EXEC).unwrap()


def test_an_exec_whose_container_is_deleted_meanwhile_is_refused(scene: Scene) -> None:
    scene.running(Program(exits=0))
    scene.at(At.BUNDLE, Does.LATE)
    adding = scene.begin(add_exec(scene.shim, exec_asked()))
    scene.wait().unwrap()
    scene.delete().unwrap()
    assert refused(scene.answer(adding)) == BeingDeleted("web")
    scene.pass_time()
    assert scene.left() == {}


def test_nobody_meets_an_exec_before_it_is_on_disk(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.at(At.RECORD_SAVE, Does.LATE)
    adding = scene.begin(add_exec(scene.shim, exec_asked()))
    scene.pass_time()
    assert refused(scene.start(EXEC)) == UnknownExec("sh")
    assert refused(scene.add_exec()) == ExecExists("sh")
    scene.answer(adding).unwrap()
    scene.start(EXEC).unwrap()


def test_t131_the_request_says_whether_there_is_a_terminal(scene: Scene) -> None:
    scene.running()
    scene.add_exec(terminal=True).unwrap()
    assert '"terminal": true' in scene.machine.disk.bundles[BUNDLE].files[SPEC_FILE]
    assert scene.view(EXEC).stdio.terminal


def test_an_exec_may_be_added_to_a_container_that_is_only_created(scene: Scene) -> None:
    scene.created()
    assert scene.add_exec() == Success(None)


def pause(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()


def end(scene: Scene) -> None:
    scene.running(Program(exits=0))
    scene.wait().unwrap()


@pytest.mark.parametrize(("arrange", "phase"), [(pause, Phase.PAUSED), (end, Phase.EXITED)])
def test_an_exec_of_a_container_that_is_paused_or_has_ended_is_refused(
    scene: Scene, arrange: Callable[[Scene], None], phase: Phase
) -> None:
    arrange(scene)
    assert refused(scene.add_exec()) == WrongPhase(Operation.EXEC, phase)
    assert "ExecAdded sh" not in scene.heard()


def test_h13_an_exec_of_a_container_that_is_being_deleted_is_refused(scene: Scene) -> None:
    scene.running()
    scene.shim.containers[WEB].deletion = scene.world.scheduler.latch()
    assert scene.add_exec() == Failure(BeingDeleted("web"))


def test_t125_an_id_that_is_taken_is_refused_whatever_became_of_its_exec(scene: Scene) -> None:
    scene.running()
    scene.add_exec(Program(exits=0)).unwrap()
    assert scene.add_exec() == Failure(ExecExists("sh"))
    scene.start(EXEC).unwrap()
    assert scene.add_exec() == Failure(ExecExists("sh"))
    scene.wait(EXEC).unwrap()
    assert scene.add_exec() == Failure(ExecExists("sh"))
    scene.delete(EXEC).unwrap()
    assert scene.add_exec() == Success(None)


def test_t125_of_two_equal_requests_at_once_one_wins() -> None:
    for seed in range(10):
        scene = Scene(seed)
        scene.running()
        calls = [scene.begin(add_exec(scene.shim, exec_asked())) for _ in range(2)]
        answers = [scene.answer(call) for call in calls]
        assert sorted(map(str, answers)) == sorted(
            map(str, [Success(None), Failure(ExecExists("sh"))])
        )
        assert scene.heard().count("ExecAdded sh") == 1


@pytest.mark.parametrize("spec", [b"", b"not json", b"[]"])
def test_t130_a_spec_that_is_no_process_is_refused_and_the_id_stays_free(
    scene: Scene, spec: bytes
) -> None:
    scene.running()
    outcome = scene.ask(add_exec(scene.shim, ExecRequest(EXEC, Stdio(), spec)))
    assert isinstance(refused(outcome), BundleFailed)
    assert "ExecAdded sh" not in scene.heard()
    assert scene.add_exec() == Success(None)


def test_who_waits_for_an_exec_that_could_not_be_added_is_woken(scene: Scene) -> None:
    scene.running()
    waiting: list[Task[Result[object, Refusal]]] = []
    scene.at(
        At.BUNDLE,
        Does.FAILS_BEFORE,
        then=lambda: waiting.append(scene.begin(scene.waiting_for(EXEC))),
    )
    refused(scene.add_exec())
    assert isinstance(scene.answer(waiting[0]), Failure)


def test_an_exec_without_an_id_is_no_exec(scene: Scene) -> None:
    scene.running()
    outcome = scene.ask(add_exec(scene.shim, ExecRequest(INIT, Stdio(), b"{}")))
    assert isinstance(refused(outcome), InvalidArgument)


def test_an_exec_whose_files_came_late_is_none_of_a_container_that_goes(scene: Scene) -> None:
    scene.running()
    scene.script.late_s = 5.0
    scene.at(At.BUNDLE, Does.LATE)
    adding = scene.begin(add_exec(scene.shim, exec_asked()))
    scene.pass_time(0.1)
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.script.late_s = 20.0
    scene.at(At.UNIT_STOP, Does.LATE)
    deleting = scene.begin(scene.deleting())
    assert refused(scene.answer(adding)) == BeingDeleted(WEB.container)
    assert not deleting.done.is_open
    scene.answer(deleting).unwrap()
