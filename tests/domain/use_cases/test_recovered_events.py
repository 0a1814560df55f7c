"""What a new daemon owes to containerd, and what it does not say again (S1, S4, F01)."""

from dataclasses import replace
from typing import Final

from domain.event import TaskExited
from sim.world.kernel import Program
from tests.domain.client import EXEC, WEB
from tests.domain.scene import Scene

SEVEN: Final = Program(exits=7)


def test_what_was_acknowledged_is_not_told_again(scene: Scene) -> None:
    scene.with_exec(SEVEN)
    scene.wait(EXEC).unwrap()
    scene.pass_time()
    before = len(scene.machine.sink.got)
    scene.restart()
    scene.pass_time()
    assert len(scene.machine.sink.got) == before


def test_what_was_not_acknowledged_is_told_in_its_order(scene: Scene) -> None:
    scene.machine.sink.is_up = scene.world.scheduler.latch()  # containerd is away
    scene.with_exec(SEVEN)
    scene.wait(EXEC).unwrap()
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.restart()
    assert scene.events() == []
    scene.delete().unwrap()
    scene.restart()
    scene.machine.sink.is_up.open()
    assert scene.story() == [
        *("TaskCreated", "TaskStarted", "ExecAdded sh", "ExecStarted sh"),
        *("TaskExited sh", "TaskExited", "TaskDeleted"),
    ]
    assert scene.left() == {}


def test_the_exit_of_an_exec_that_is_deleted_already_is_told_by_the_next_daemon(
    scene: Scene,
) -> None:
    scene.with_exec()
    scene.pass_time()
    scene.machine.sink.is_up = scene.world.scheduler.latch()
    scene.kill(EXEC).unwrap()
    exit_ = scene.wait(EXEC).unwrap()
    pid = scene.delete(EXEC).unwrap().pid
    scene.restart()
    scene.machine.sink.is_up.open()
    assert scene.events()[-1] == TaskExited(EXEC, pid, exit_)
    assert scene.shim.containers[WEB].departed == []


def test_f01_an_exec_that_cannot_die_does_not_hold_the_init_s_exit_back_after_a_restart(
    scene: Scene,
) -> None:
    program = scene.with_exec()
    scene.process(program).cgroup = "/where/no/kill/reaches"  # as good as in D state
    scene.machine.sink.is_up = scene.world.scheduler.latch()
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.restart()
    scene.machine.sink.is_up.open()
    scene.pass_time(5.0)
    assert scene.story()[-1] == "TaskExited"


def test_s4_a_farewell_that_is_owed_comes_before_the_next_life(scene: Scene) -> None:
    scene.running(SEVEN)
    scene.wait().unwrap()
    scene.pass_time()
    scene.machine.sink.is_up = scene.world.scheduler.latch()
    scene.delete().unwrap()
    scene.created()
    scene.restart()
    scene.machine.sink.is_up.open()
    assert [type(each).__name__ for each in scene.events()][3:] == ["TaskDeleted", "TaskCreated"]


def test_f122_a_farewell_comes_first_even_if_the_clock_was_set_back_since(scene: Scene) -> None:
    scene.running(SEVEN)
    scene.wait().unwrap()
    scene.pass_time()
    scene.machine.sink.is_up = scene.world.scheduler.latch()
    scene.delete().unwrap()
    scene.created()
    scene.pass_time()
    records = scene.machine.disk.records
    [(former_key, former), (_, _)] = records.items()
    late = replace(former, life=former.life * 2)
    del records[former_key]
    records[late.owner, late.life] = late
    scene.restart()
    scene.machine.sink.is_up.open()
    assert [type(each).__name__ for each in scene.events()][3:] == ["TaskDeleted", "TaskCreated"]
