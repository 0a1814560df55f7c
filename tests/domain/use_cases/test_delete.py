"""Delete: refused while anything lives, and to be asked again after a failure (R133, R134)."""

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
from domain.use_cases.delete import Departed
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.disk import FULL
from sim.world.kernel import Program
from sim.world.pipes import Pipes
from sim.world.streams import FakeFifos
from sim.world.world import World
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, asked, refused
from tests.domain.scene import LONG_S, Scene

THREE: Final = Program(exits=3)


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
    scene.at(At.RUNC_START, then=lambda: deletes.append(scene.begin(scene.deleting())))
    scene.start().unwrap()
    assert refused(scene.answer(deletes[0])) == WrongPhase(Operation.DELETE, Phase.STARTING)


def test_a_delete_while_the_exit_is_being_written_down_waits_for_that(scene: Scene) -> None:
    """It has ended, so there is nothing to refuse (T181)."""
    pid = scene.created()
    scene.pass_time()
    deletes: list[Task[Result[Departed, Refusal]]] = []
    scene.at(At.RECORD_SAVE, then=lambda: deletes.append(scene.begin(scene.deleting())))
    scene.ends(pid, 3)
    scene.pass_time()
    assert scene.answer(deletes[0]).unwrap().exit.status == 3
    assert scene.heard() == ["TaskCreated", "TaskExited", "TaskDeleted"]


def test_r134_a_running_exec_is_refused_and_untouched(scene: Scene) -> None:
    pid = scene.with_exec()
    assert refused(scene.delete(EXEC)) == WrongPhase(Operation.DELETE, Phase.RUNNING)
    assert pid in scene.living()


# Done.


def test_r133_a_delete_answers_the_exit_tells_of_it_and_leaves_nothing(scene: Scene) -> None:
    exit_ = scene.exited(THREE)
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
    waiting = scene.begin(scene.waiting_for(ProcessKey(WEB, ExecId("idle"))))
    scene.delete().unwrap()
    assert scene.answer(waiting) == Failure(UnknownExec("idle"))
    assert scene.left() == {}
    assert scene.heard()[-3:] == ["TaskExited sh", "TaskExited", "TaskDeleted"]


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
    scene.exited(THREE)
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
    exit_ = scene.exited(THREE)
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
    scene.exited(THREE)
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


def test_f116_an_exec_whose_exit_is_in_no_record_is_kept_until_a_disk_takes_it(
    scene: Scene,
) -> None:
    scene.with_exec()
    scene.pass_time()
    scene.machine.disk.takes_nothing = True
    scene.kill(EXEC).unwrap()
    exit_ = scene.wait(EXEC).unwrap()
    assert refused(scene.delete(EXEC)) == RecordFailed(FULL)
    assert scene.unit(EXEC) is not None
    scene.machine.disk.takes_nothing = False
    assert scene.delete(EXEC).unwrap().exit == exit_


def test_f102_a_unit_with_somebody_in_d_state_left_in_it_is_released_last_for_it_fails(
    scene: Scene,
) -> None:
    """Seed 163759: it had ended well, and a process of one before it was in its cgroup."""
    scene.exited(Program(exits=0))
    unit = scene.unit()
    assert unit is not None
    scene.world.kernel.fork(unit.cgroup)
    scene.script.late_s = 100.0
    scene.at(At.DEATH, Does.LATE)
    scene.answer(scene.begin(scene.deleting())).unwrap()
    scene.pass_time(LONG_S)
    assert scene.unit() is None


def test_a_unit_on_its_way_down_is_released_last_for_it_may_fail(scene: Scene) -> None:
    """Seed 1229256: a failed state that comes after the release would stay."""
    scene.script.late_s = 5.0
    scene.at(At.GO_DOWN, Does.LATE)
    scene.with_exec(THREE)
    scene.wait(EXEC).unwrap()
    scene.delete(EXEC).unwrap()
    scene.pass_time(1.0)
    assert At.UNIT_RELEASE not in scene.script.calls
    scene.pass_time(LONG_S)
    assert scene.unit(EXEC) is None


def test_d24_a_stop_that_systemd_never_answers_is_given_up_after_its_limit(scene: Scene) -> None:
    scene.exited(THREE)
    scene.at(At.UNIT_STOP, Does.NEVER_ANSWERS)
    deleting = scene.begin(scene.deleting())
    scene.pass_time(LONG_S)
    assert isinstance(refused(deleting.outcome()), UnitFailed)
    assert isinstance(scene.delete(), Success)


def test_an_init_that_does_not_die_keeps_its_container(scene: Scene) -> None:
    scene.created()
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE, times=limits.DEATH_LOOKS + 1)
    assert isinstance(refused(scene.delete()), UnitFailed)
    assert scene.view().phase is Phase.CREATED
    assert isinstance(scene.delete(), Success)
