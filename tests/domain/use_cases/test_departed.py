"""What is left of a deleted exec: gone soon after the answer, whatever happens (decision 0022)."""

from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain import limits
from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.limits import Seconds
from domain.refusal import Refusal, UnitFailed
from domain.unit import JobResult, UnitRef
from domain.unit_name import unit_name
from domain.use_cases.add_exec import add_exec
from domain.use_cases.delete import Departed
from sim.faults import At, Does
from sim.world.kernel import Program
from sim.world.units import AWAY
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, exec_asked, refused
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)
# Where taking off what is left can fail.
STEPS: Final = (At.UNIT_STOP, At.UNIT_RELEASE, At.BUNDLE)


def exec_files(scene: Scene) -> list[str]:
    return [path for path in scene.machine.disk.bundles[BUNDLE].files if "/execs/" in path]


def exec_has_ended(scene: Scene) -> None:
    scene.with_exec(THREE)
    scene.wait(EXEC).unwrap()
    scene.pass_time()


def all_have_ended(scene: Scene) -> None:
    exec_has_ended(scene)
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.pass_time()


def test_r134_a_deleted_exec_leaves_nothing_and_its_id_is_free(scene: Scene) -> None:
    pid = scene.with_exec(THREE)
    exit_ = scene.wait(EXEC).unwrap()
    assert scene.delete(EXEC) == Success(Departed(pid, exit_))
    assert list(scene.serving.fifos.held) == [INIT]
    assert list(scene.shim.units) == [unit_name(INIT)]
    scene.pass_time()
    assert scene.unit(EXEC) is None
    assert not exec_files(scene)
    assert scene.shim.containers[WEB].departed == []
    assert scene.add_exec() == Success(None)
    assert "TaskDeleted" not in scene.heard()


def test_an_exec_that_was_never_started_leaves_no_files(scene: Scene) -> None:
    scene.added()
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    assert not exec_files(scene)
    assert At.UNIT_STOP not in scene.script.calls


def test_its_client_does_not_wait_for_systemd(scene: Scene) -> None:
    exec_has_ended(scene)
    scene.at(At.UNIT_STOP, Does.LATE)
    scene.delete(EXEC).unwrap()
    assert scene.unit(EXEC) is not None
    scene.pass_time(LONG_S)
    assert scene.unit(EXEC) is None


@pytest.mark.parametrize("at", STEPS)
def test_what_fails_is_tried_again_with_the_next_look_at_everything(scene: Scene, at: At) -> None:
    exec_has_ended(scene)
    scene.at(at, Does.FAILS_BEFORE, times=2)
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    assert [process.key for process in scene.shim.containers[WEB].departed] == [EXEC]
    scene.pass_time(3 * limits.RESYNC)
    assert scene.unit(EXEC) is None
    assert not exec_files(scene)
    assert scene.shim.containers[WEB].departed == []


@pytest.mark.parametrize("at", STEPS)
def test_the_next_daemon_goes_on_where_one_died(scene: Scene, at: At) -> None:
    exec_has_ended(scene)
    scene.at(at, Does.NEVER_ANSWERS)
    scene.delete(EXEC).unwrap()
    scene.pass_time(1.0)
    scene.restart()
    scene.pass_time()
    assert scene.unit(EXEC) is None
    assert not exec_files(scene)
    assert scene.shim.containers[WEB].departed == []
    assert scene.heard().count("TaskExited sh") == 1


def test_the_next_exec_of_its_id_waits_until_it_has_left(scene: Scene) -> None:
    exec_has_ended(scene)
    scene.script.late_s = 5.0
    scene.at(At.UNIT_STOP, Does.LATE)
    scene.delete(EXEC).unwrap()
    scene.add_exec().unwrap()
    assert scene.unit(EXEC) is None
    assert exec_files(scene)
    assert scene.start(EXEC).unwrap() in scene.living()


def test_the_next_exec_of_its_id_may_come_while_the_delete_is_written_down(scene: Scene) -> None:
    exec_has_ended(scene)
    scene.at(At.RECORD_SAVE, Does.LATE)
    deleting = scene.begin(scene.deleting(EXEC))
    scene.pass_time(0.1)
    adding = scene.begin(add_exec(scene.shim, exec_asked()))
    scene.answer(deleting).unwrap()
    scene.answer(adding).unwrap()
    assert exec_files(scene)
    assert scene.start(EXEC).unwrap() in scene.living()
    scene.ends_well()


@pytest.mark.parametrize("at", STEPS)
def test_the_next_exec_of_its_id_is_not_hit_by_what_is_tried_again(scene: Scene, at: At) -> None:
    """Its own Start has swept what was left (F48)."""
    exec_has_ended(scene)
    scene.at(at, Does.FAILS_BEFORE)
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    scene.add_exec().unwrap()
    pid = scene.start(EXEC).unwrap()
    scene.pass_time(2 * limits.RESYNC)
    assert pid in scene.living()
    assert exec_files(scene)
    scene.restart()
    scene.pass_time()
    assert scene.view(EXEC).phase is Phase.RUNNING
    scene.ends_well()


@pytest.mark.parametrize("at", STEPS)
def test_the_containers_delete_takes_it_along(scene: Scene, at: At) -> None:
    all_have_ended(scene)
    scene.at(at, Does.FAILS_BEFORE)
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    scene.delete().unwrap()
    assert scene.left() == {}


def test_the_containers_delete_fails_while_its_unit_stays(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_have_ended(scene)
    honest = scene.serving.units.stop

    async def stop(unit: UnitRef, within: Seconds) -> Result[JobResult, Refusal]:
        return Failure(AWAY) if unit.name == unit_name(EXEC) else await honest(unit, within)

    with monkeypatch.context() as patched:
        patched.setattr(scene.serving.units, "stop", stop)
        scene.delete(EXEC).unwrap()
        scene.pass_time()
        assert refused(scene.delete()) == UnitFailed(unit_name(EXEC), "not released")
    scene.delete().unwrap()
    assert scene.left() == {}


def test_the_containers_delete_waits_for_one_that_is_about_to_leave(scene: Scene) -> None:
    all_have_ended(scene)
    asked = scene.script.calls.count(At.UNIT_STOP)
    scene.at(At.UNIT_STOP, Does.LATE)
    scene.delete(EXEC).unwrap()
    scene.delete().unwrap()
    assert scene.script.calls.count(At.UNIT_STOP) == asked + 2
    assert scene.left() == {}


def test_files_that_stay_are_no_reason_to_keep_the_container(scene: Scene) -> None:
    all_have_ended(scene)
    scene.at(At.BUNDLE, Does.FAILS_BEFORE, times=1_000)
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    scene.delete().unwrap()
    assert scene.left() == {}


def test_the_next_container_of_its_id_is_not_hit_by_a_delete_that_took_long(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its container was deleted beside it, and took it along."""
    all_have_ended(scene)
    drained: list[ProcessKey] = []

    async def drain(process: ProcessKey, _: Seconds) -> None:
        drained.append(process)
        if drained == [EXEC]:
            await scene.world.scheduler.first_of((), 30.0)

    monkeypatch.setattr(scene.serving.fifos, "drain", drain)
    deleting = scene.begin(scene.deleting(EXEC))
    scene.pass_time()
    scene.delete().unwrap()
    scene.clean_up().unwrap()
    pid = scene.with_exec()
    scene.answer(deleting).unwrap()
    scene.pass_time()
    assert pid in scene.living()
    assert exec_files(scene)
