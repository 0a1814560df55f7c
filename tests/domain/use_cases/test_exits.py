"""How exits are noticed: hints may be lost, late, repeated or old; the state decides (D15, S1)."""

from dataclasses import replace
from typing import Final

import pytest
from returns.result import Result, Success

from domain.exit_status import Exit, ExitStatus, MainCode
from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.refusal import DeadlinePassed, NoSuchUnit, RecordFailed, SystemdAway
from domain.unit import Activity, InvocationId, UnitRef, UnitState
from domain.unit_name import unit_name
from domain.use_cases.exits import look_at, settle
from sim.faults import At, Does
from sim.scheduler import sleep
from sim.world.kernel import Program
from sim.world.units import FakeUnits
from tests.domain.client import EXEC, INIT, WEB
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)
HANDLES_TERM: Final = Program(runs_s=None, on_term=0)


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        (MainCode.EXITED, 0, 0),
        (MainCode.EXITED, 42, 42),
        (MainCode.EXITED, 255, 255),
        (MainCode.KILLED, 9, 137),
        (MainCode.KILLED, 15, 143),
        (MainCode.DUMPED, 11, 139),
    ],
)
def test_d11_an_exit_is_told_with_its_own_status_and_systemd_s_time(
    scene: Scene, code: MainCode, status: int, told: int
) -> None:
    pid = scene.running()
    scene.ends(pid, status, code)
    exit_ = scene.wait().unwrap()
    unit = scene.unit()
    assert unit is not None
    assert exit_.status == told
    assert exit_.at == unit.exited_at_us * 1000


def test_l5_a_hint_that_never_comes_is_made_up_for_by_looking_now_and_then(scene: Scene) -> None:
    pid = scene.running()
    scene.pass_time()
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    scene.ends(pid, 3)
    scene.pass_time(30.0)
    assert scene.view().phase is Phase.RUNNING
    scene.pass_time(60.0)
    assert scene.view().phase is Phase.EXITED
    assert scene.heard() == ["TaskCreated", "TaskStarted", "TaskExited"]


def test_d15_an_exit_before_anybody_could_be_told_is_seen_right_after_the_start(
    scene: Scene,
) -> None:
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    scene.created(Program(exits=4))
    scene.start().unwrap()
    scene.pass_time(5.0)
    scene.script.lines.clear()
    assert scene.wait().unwrap().status == 4


def test_a_bus_that_was_lost_and_came_back_means_look_at_everything(scene: Scene) -> None:
    pid = scene.with_exec()
    init = scene.view().pid
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=100)
    scene.ends(pid, 1)
    scene.ends(init, 2)
    scene.pass_time()
    scene.script.lines.clear()
    scene.serving.units.lose_the_bus()
    scene.pass_time(5.0)
    assert scene.wait(EXEC).unwrap().status == 1
    assert scene.wait().unwrap().status == 2


def test_s1_many_hints_at_once_are_one_exit(scene: Scene) -> None:
    pid = scene.running()
    container = scene.shim.containers[WEB]
    scene.ends(pid, 3)
    for _ in range(10):
        look_at(scene.shim, ((container, container.init),))
    scene.pass_time()
    for _ in range(10):
        look_at(scene.shim, ((container, container.init),))
    assert scene.heard() == ["TaskCreated", "TaskStarted", "TaskExited"]


class SlowAnswers(FakeUnits):
    """A bus on which readings travel for two seconds, and are as old when they come."""

    async def read(
        self, unit: UnitRef
    ) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
        state = await super().read(unit)
        await sleep(2.0)
        return state


def test_a_hint_while_a_look_is_under_way_makes_it_look_again(scene: Scene) -> None:
    """The reading may be older than the hint."""
    pid = scene.running()
    scene.pass_time()
    container = scene.shim.containers[WEB]
    slow = SlowAnswers(scene.machine.systemd, scene.serving.name)
    scene.shim.ports = replace(scene.shim.ports, units=slow)
    look_at(scene.shim, ((container, container.init),))
    scene.pass_time(1.0)
    scene.ends(pid, 3)
    scene.pass_time(10.0)
    assert scene.view().phase is Phase.EXITED


def test_a_systemd_that_cannot_be_read_says_nothing_of_a_process(scene: Scene) -> None:
    scene.running()
    container = scene.shim.containers[WEB]
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    look_at(scene.shim, ((container, container.init),))
    scene.pass_time()
    assert scene.view().phase is Phase.RUNNING


@pytest.mark.parametrize("key", [INIT, EXEC], ids=["init", "exec"])
def test_s21_what_another_unit_of_the_name_says_changes_nothing(
    scene: Scene, key: ProcessKey
) -> None:
    """Ours is gone and another of its name is there: ours is over, and nobody knows how."""
    scene.with_exec()
    scene.pass_time()
    unit = scene.unit(key)
    assert unit is not None
    unit.invocation = InvocationId("f" * 32)
    unit.code, unit.status = MainCode.EXITED, 0
    container = scene.shim.containers[WEB]
    for process in container.processes():
        look_at(scene.shim, ((container, process),))
    assert scene.wait(key).unwrap().status == 255


def test_s6_a_unit_that_is_over_without_an_exit_is_told_as_unknown(scene: Scene) -> None:
    scene.running()
    unit = scene.unit()
    assert unit is not None
    unit.activity = Activity.FAILED
    container = scene.shim.containers[WEB]
    look_at(scene.shim, ((container, container.init),))
    assert scene.wait().unwrap().status == 255


def test_a_hint_about_a_unit_that_nobody_tracks_is_nobody_s(scene: Scene) -> None:
    scene.running(THREE)
    scene.wait().unwrap()
    assert len(list(scene.shim.tracked(unit_name(INIT)))) == 1
    assert list(scene.shim.tracked(unit_name(EXEC))) == []
    scene.delete().unwrap()
    assert list(scene.shim.tracked(unit_name(INIT))) == []
    assert list(scene.shim.tracked(None)) == []


def test_r053_an_administrator_s_stop_is_told_with_the_status_that_the_program_has(
    scene: Scene,
) -> None:
    scene.running(Program(runs_s=None, on_term=6))
    scene.pass_time()
    scene.answer(scene.administrator_stops())
    assert scene.wait().unwrap().status == 6


def test_an_administrator_s_stop_of_a_program_without_a_handler_ends_by_kill(
    scene: Scene,
) -> None:
    scene.running()
    scene.administrator_stops()
    scene.pass_time(LONG_S)
    assert scene.wait().unwrap().status == 137


# The step into exited.


def test_s7_an_exit_is_written_down_before_anybody_is_told(scene: Scene) -> None:
    pid = scene.created()
    scene.pass_time()
    seen: list[bool] = []
    scene.at(At.RECORD_SAVE, then=lambda: seen.append(scene.view().exit is None))
    scene.ends(pid, 3)
    waiting = scene.begin(scene.waiting_for())
    scene.at(At.PUBLISH, then=lambda: seen.append(is_written(scene)))
    assert isinstance(scene.answer(waiting), Success)
    scene.pass_time()
    assert seen == [True, True]


def is_written(scene: Scene) -> bool:
    record = scene.record()
    return record is not None and record.init.exit is not None


def test_f116_an_exit_is_told_even_if_the_disk_is_full(scene: Scene) -> None:
    scene.running(THREE)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, times=20)
    assert scene.wait().unwrap().status == 3
    assert scene.heard()[-1] == "TaskExited"
    assert str(RecordFailed("no space left on device")) in str(scene.world.story)


def test_s1_the_first_to_come_decides_how_it_ended(scene: Scene) -> None:
    pid = scene.running()
    container = scene.shim.containers[WEB]
    scene.ends(pid, 3)
    first = scene.wait()
    late = Exit(ExitStatus(9), first.unwrap().at)
    scene.ask(settle(scene.shim, container, container.init, late))
    assert scene.wait() == first
    assert scene.heard().count("TaskExited") == 1
