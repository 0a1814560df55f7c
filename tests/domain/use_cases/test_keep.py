"""Writing a container down: one save at a time, and never an older state over a newer one."""

from returns.result import Success

from domain.refusal import RecordFailed
from domain.task import Container
from domain.use_cases.keep import forget, keep
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import WEB, refused
from tests.domain.scene import LONG_S, Scene


def saves(scene: Scene) -> int:
    return scene.script.calls.count(At.RECORD_SAVE)


def changed(scene: Scene) -> Container:
    """A container of which something is not on disk yet."""
    scene.created()
    scene.pass_time()
    container = scene.shim.containers[WEB]
    container.debug = True
    return container


def test_what_is_on_disk_already_is_not_written_again(scene: Scene) -> None:
    container = changed(scene)
    before = saves(scene)
    for _ in range(2):
        scene.ask(keep(scene.shim, container)).unwrap()
    assert saves(scene) - before == 1


def test_f116_what_a_failed_save_may_have_spoilt_is_written_again(scene: Scene) -> None:
    container = changed(scene)
    scene.ask(keep(scene.shim, container)).unwrap()
    container.debug = False
    scene.at(At.RECORD_SAVE, Does.FAILS_AFTER)
    refused(scene.ask(keep(scene.shim, container)))
    container.debug = True  # as the save before it had it
    scene.ask(keep(scene.shim, container)).unwrap()
    record = scene.record()
    assert record is not None
    assert record.debug


def test_who_comes_while_a_save_runs_shares_the_next_one(scene: Scene) -> None:
    container = changed(scene)
    before = saves(scene)
    works = [scene.begin(keep(scene.shim, container)) for _ in range(10)]
    assert [scene.answer(work) for work in works] == [Success(None)] * len(works)
    assert saves(scene) - before in {1, 2}


def test_a_change_during_a_save_is_saved_after_it_before_its_keeper_goes_on(scene: Scene) -> None:
    container = changed(scene)
    scene.script.late_s = 5.0
    scene.at(At.RECORD_SAVE, Does.LATE)
    first = scene.begin(keep(scene.shim, container))
    scene.pass_time(0.1)
    container.slice = "late.slice"
    scene.ask(keep(scene.shim, container)).unwrap()
    assert first.done.is_open
    record = scene.record()
    assert record is not None
    assert record.slice == "late.slice"


def test_two_saves_never_run_at_once(scene: Scene) -> None:
    container = changed(scene)
    scene.script.late_s = 5.0
    scene.at(At.RECORD_SAVE, Does.ANSWERS_LATE)
    before = saves(scene)
    works = [scene.begin(keep(scene.shim, container)) for _ in range(3)]
    scene.pass_time(1.0)
    assert saves(scene) == before + 1
    scene.pass_time(10.0)
    assert all(work.done.is_open for work in works)


def test_a_failure_is_told_to_those_whose_change_it_was_and_said(scene: Scene) -> None:
    container = changed(scene)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE)
    outcome = scene.ask(keep(scene.shim, container))
    assert isinstance(refused(outcome), RecordFailed)
    assert "default/web: not written down" in str(scene.world.story)
    assert scene.ask(keep(scene.shim, container)) == Success(None)


def test_a_save_that_comes_after_the_end_writes_nothing(scene: Scene) -> None:
    container = changed(scene)
    scene.ask(forget(scene.shim, container))
    before = saves(scene)
    scene.ask(keep(scene.shim, container))
    assert saves(scene) == before
    assert scene.record() is None


def test_a_record_is_removed_after_the_save_that_is_under_way(scene: Scene) -> None:
    container = changed(scene)
    scene.script.late_s = 5.0
    scene.at(At.RECORD_SAVE, Does.LATE)
    scene.begin(keep(scene.shim, container))
    scene.pass_time(0.1)
    scene.ask(forget(scene.shim, container))
    scene.pass_time(20.0)
    assert scene.record() is None


def test_a_failed_creates_record_that_stays_is_not_taken_for_the_next_container(
    scene: Scene,
) -> None:
    scene.bundle(Program(exits=7))
    scene.at(At.RECORD_SAVE, Does.FAILS_AFTER, skips=1)  # it says `created` all the same
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, skips=1)
    scene.at(At.RECORD_REMOVE, Does.FAILS_BEFORE)
    assert isinstance(scene.create().failure(), RecordFailed)
    scene.create().unwrap()
    scene.start().unwrap()
    exit_ = scene.wait()
    scene.restart()
    assert scene.wait() == exit_
    scene.delete().unwrap()
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == ["TaskCreated", "TaskStarted", "TaskExited", "TaskDeleted"]


def test_a_record_that_cannot_be_removed_is_removed_later(scene: Scene) -> None:
    scene.running(Program(exits=0))
    scene.wait().unwrap()
    scene.at(At.RECORD_REMOVE, Does.FAILS_BEFORE)
    scene.delete().unwrap()
    scene.pass_time()
    assert scene.record() is not None
    scene.pass_time(LONG_S)
    assert scene.left() == {}
