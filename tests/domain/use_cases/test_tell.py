"""Events to containerd: in order, each once, and for as long as containerd is away (D18)."""

from dataclasses import replace
from typing import Final

from returns.result import Success

from domain.event import TaskCreated, TaskExited
from domain.identity import ContainerId
from domain.record import Told
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import EXEC, INIT, WEB, asked
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)
LIFE: Final = ["TaskCreated", "TaskStarted", "ExecAdded sh", "ExecStarted sh"]


def containerd_leaves(scene: Scene) -> None:
    scene.machine.sink.is_up = scene.world.scheduler.latch()


def containerd_returns(scene: Scene) -> None:
    scene.machine.sink.is_up.open()


def test_t221_nobody_waits_for_a_containerd_that_is_away(scene: Scene) -> None:
    containerd_leaves(scene)
    scene.with_exec(THREE)
    assert isinstance(scene.wait(EXEC), Success)
    scene.kill().unwrap()
    assert isinstance(scene.wait(), Success)
    assert isinstance(scene.delete(), Success)
    assert scene.machine.sink.got == []
    assert scene.world.scheduler.now < 10.0


def test_d18_a_containerd_that_was_away_gets_all_events_in_their_order(scene: Scene) -> None:
    containerd_leaves(scene)
    scene.with_exec(THREE)
    scene.wait(EXEC).unwrap()
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.delete().unwrap()
    scene.pass_time(LONG_S)
    assert scene.record() is not None
    containerd_returns(scene)
    assert scene.heard() == [*LIFE, "TaskExited sh", "TaskExited", "TaskDeleted"]
    assert scene.left() == {}


def test_d18_a_caller_who_leaves_takes_no_event_with_it(scene: Scene) -> None:
    containerd_leaves(scene)
    scene.created()
    caller = scene.serving.caller()
    scene.at(At.RUNC_START, then=caller.gone.open)
    scene.ask(start(scene.shim, caller, INIT)).unwrap()
    containerd_returns(scene)
    assert scene.heard() == ["TaskCreated", "TaskStarted"]


def test_one_event_is_offered_after_the_other_has_been_acknowledged(scene: Scene) -> None:
    scene.script.late_s = 20.0
    scene.at(At.PUBLISH, Does.ANSWERS_LATE)
    scene.running(THREE)
    scene.wait().unwrap()
    scene.pass_time(5.0)
    assert scene.script.calls.count(At.PUBLISH) == 1
    scene.pass_time(60.0)
    assert scene.heard() == ["TaskCreated", "TaskStarted", "TaskExited"]


def test_what_containerd_knows_is_written_down_when_it_has_acknowledged_it(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    record = scene.record()
    assert record is not None
    assert record.init.told == {Told.CREATED, Told.STARTED}
    containerd_leaves(scene)
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.pass_time()
    record = scene.record()
    assert record is not None
    assert Told.EXITED not in record.init.told
    assert record.init.exit is not None
    containerd_returns(scene)
    scene.pass_time()
    record = scene.record()
    assert record is not None
    assert Told.EXITED in record.init.told


def test_a_record_is_kept_until_the_delete_was_acknowledged(scene: Scene) -> None:
    scene.running(THREE)
    scene.wait().unwrap()
    containerd_leaves(scene)
    scene.delete().unwrap()
    scene.pass_time(LONG_S)
    record = scene.record()
    assert record is not None
    assert record.deleted
    containerd_returns(scene)
    assert scene.left() == {}


def test_a_departed_exec_is_forgotten_when_its_exit_was_acknowledged(scene: Scene) -> None:
    scene.with_exec()
    scene.pass_time()
    containerd_leaves(scene)
    scene.kill(EXEC).unwrap()
    exit_ = scene.wait(EXEC).unwrap()
    pid = scene.delete(EXEC).unwrap().pid
    container = scene.shim.containers[WEB]
    assert [process.key for process in container.departed] == [EXEC]
    containerd_returns(scene)
    assert scene.events()[-1] == TaskExited(EXEC, pid, exit_)
    assert container.departed == []


def test_an_exec_whose_exit_was_acknowledged_owes_nothing_when_it_is_deleted(scene: Scene) -> None:
    scene.with_exec(THREE)
    scene.wait(EXEC).unwrap()
    scene.pass_time()
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    assert scene.shim.containers[WEB].departed == []
    assert scene.heard().count("TaskExited sh") == 1


def test_two_containers_do_not_wait_for_one_another_s_events(scene: Scene) -> None:
    scene.script.late_s = LONG_S
    scene.at(At.PUBLISH, Does.LATE)
    scene.running()
    other = replace(WEB, container=ContainerId("other"))
    scene.bundle(path="/run/bundles/other")
    scene.create(replace(asked(), owner=other, bundle="/run/bundles/other")).unwrap()
    assert [type(each) for each in scene.events(other)] == [TaskCreated]
    assert scene.heard() == []
