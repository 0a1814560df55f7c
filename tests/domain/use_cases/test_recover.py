"""Recovery: what a new daemon finds, owes and finishes (D01)."""

from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Success

from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.refusal import UnknownContainer
from domain.use_cases.recover import recover
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import EXEC, INIT, WEB, asked, refused
from tests.domain.scene import LONG_S, Scene

LIFE: Final = ["TaskCreated", "TaskStarted", "TaskExited", "TaskDeleted"]
SEVEN: Final = Program(exits=7)
FOREVER_HANDLED: Final = Program(runs_s=None, on_term=0)


# What happened while nobody looked.


def test_every_phase_is_found_again(scene: Scene) -> None:
    pid = scene.created()
    phases = []
    for step in (lambda: None, scene.start, scene.pause, scene.resume):
        step()
        scene.restart()
        phases.append(scene.view().phase)
        assert scene.view().pid == pid
    assert phases == [Phase.CREATED, Phase.RUNNING, Phase.PAUSED, Phase.RUNNING]


def test_an_exit_that_was_told_is_told_the_same_by_every_daemon(scene: Scene) -> None:
    scene.running(SEVEN)
    exit_ = scene.wait()
    scene.pass_time()  # containerd acknowledges it; before that it would hear it again
    for _ in range(3):
        scene.restart()
        assert scene.wait() == exit_
        assert scene.view().exit == exit_.unwrap()
    assert scene.heard().count("TaskExited") == 1


def test_f46_a_clean_stop_while_the_daemon_is_down_is_never_a_false_success(scene: Scene) -> None:
    scene.running(FOREVER_HANDLED)
    scene.pass_time()
    scene.crash()
    scene.answer(scene.administrator_stops())
    scene.boot()
    assert scene.wait().unwrap().status == 255
    assert scene.heard()[-1] == "TaskExited"


def test_what_ended_meanwhile_is_looked_for_at_once(scene: Scene) -> None:
    program = scene.with_exec()
    scene.pass_time()
    init = scene.view().pid
    scene.crash()
    scene.ends(program, 4)
    scene.ends(init, 7)
    scene.pass_time()
    scene.boot()
    scene.pass_time()
    assert scene.view().phase is Phase.EXITED
    assert scene.view(EXEC).phase is Phase.EXITED
    assert (scene.wait().unwrap().status, scene.wait(EXEC).unwrap().status) == (7, 4)


def test_an_exec_whose_unit_was_still_starting_is_awaited(scene: Scene) -> None:
    scene.added()
    scene.script.late_s = 5.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    scene.begin(scene.starting(EXEC))
    scene.pass_time()
    scene.restart()
    assert scene.view(EXEC).phase is Phase.RUNNING
    assert scene.story()[-1] == "ExecStarted sh"


def test_an_exec_that_failed_to_start_gets_no_exit_from_the_next_daemon_either(
    scene: Scene,
) -> None:
    scene.added(None)
    refused(scene.start(EXEC))
    scene.restart()
    scene.pass_time(LONG_S)
    assert scene.wait(EXEC).unwrap().status == 255
    assert scene.heard()[-1] == "ExecAdded sh"
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    assert scene.shim.containers[WEB].departed == []


def test_a_container_in_a_shared_namespace_leaves_no_exec_behind_its_dead_init(
    scene: Scene,
) -> None:
    scene.with_exec(private=False)
    pid = scene.view().pid
    scene.crash()
    scene.ends(pid, 7)
    scene.boot()
    assert scene.wait().unwrap().status == 7
    scene.pass_time()
    assert scene.living() == []
    scene.delete().unwrap()
    assert scene.left() == {}


def test_fifos_are_held_again(scene: Scene) -> None:
    scene.with_exec()
    scene.restart()
    assert set(scene.serving.fifos.held) == {INIT, EXEC}


def test_a_terminal_that_died_with_the_daemon_is_said_to_be_lost(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(terminal=True)).unwrap()
    scene.start().unwrap()
    scene.restart()
    assert "the terminal is lost" in str(scene.world.story)


def test_h12_units_have_a_reference_again(scene: Scene) -> None:
    scene.with_exec()
    scene.restart()
    for key in (INIT, EXEC):
        unit = scene.unit(key)
        assert unit is not None
        assert scene.serving.name in unit.refs


def test_an_exec_that_was_never_started_is_still_there(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    scene.restart()
    assert scene.view(EXEC).phase is Phase.CREATED
    assert isinstance(scene.start(EXEC), Success)
    scene.kill(EXEC).unwrap()
    assert scene.wait(EXEC).unwrap().status == 137


# Trouble with one record is no trouble for another.


def test_f13_one_container_that_makes_trouble_holds_up_no_other(scene: Scene) -> None:
    scene.running()
    record = scene.record()
    assert record is not None
    other = replace(
        record, owner=replace(WEB, container=type(WEB.container)("other")), checkpoint=""
    )
    scene.machine.disk.records[other.owner, other.life] = other
    scene.restart()
    assert scene.view().phase is Phase.RUNNING
    # Of the other there is neither unit nor container: nobody knows how it ended.
    assert scene.wait(ProcessKey(other.owner)).unwrap().status == 255


def test_f122_of_two_records_the_younger_counts_though_the_clock_was_set_back(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.MOUNT, Does.FAILS_BEFORE)
    scene.at(At.RECORD_REMOVE, Does.FAILS_BEFORE)
    refused(scene.create())
    scene.world.clock_is_off_s -= 86_400
    pid = scene.running()
    scene.pass_time()
    scene.restart()
    scene.pass_time()
    assert scene.view().phase is Phase.RUNNING
    assert scene.living() == [pid]
    scene.ends_well()


def test_without_records_there_is_nothing_to_recover(scene: Scene) -> None:
    scene.ask(recover(scene.shim))
    assert scene.shim.containers == {}
    assert scene.delete() == Failure(UnknownContainer("web"))


@pytest.mark.parametrize("at", [At.UNIT_ADOPT, At.RUNC_STATE, At.UNIT_READ], ids=lambda at: at.name)
def test_a_port_that_fails_while_a_running_container_is_taken_up_loses_nothing(
    scene: Scene, at: At
) -> None:
    scene.with_exec()
    scene.pass_time()
    scene.at(at, Does.FAILS_BEFORE)
    scene.restart()
    assert scene.view().phase is Phase.RUNNING
    assert scene.view(EXEC).phase is Phase.RUNNING
    scene.ends_well()
    assert scene.story()[-3:] == ["TaskExited sh", "TaskExited", "TaskDeleted"]


def test_a_delete_whose_client_was_told_that_it_failed_is_not_taken_up_again(
    scene: Scene,
) -> None:
    scene.running(SEVEN)
    exit_ = scene.wait()
    scene.pass_time()
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    refused(scene.delete())
    scene.restart()
    scene.pass_time(LONG_S)
    assert scene.wait() == exit_
    assert "TaskDeleted" not in scene.story()
    scene.delete().unwrap()
    assert scene.left() == {}


def test_a_delete_that_cannot_be_finished_after_a_restart_is_tried_until_it_can(
    scene: Scene,
) -> None:
    scene.running(SEVEN)
    scene.wait().unwrap()
    scene.pass_time()
    scene.dies_at(At.UNMOUNT, scene.deleting())
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE, times=2)
    scene.boot()
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == LIFE


def test_a_client_may_ask_for_a_delete_that_recovery_could_not_finish(scene: Scene) -> None:
    scene.running(SEVEN)
    exit_ = scene.wait().unwrap()
    scene.pass_time()
    scene.dies_at(At.UNMOUNT, scene.deleting())
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    scene.boot()
    scene.pass_time()
    assert scene.delete().unwrap().exit == exit_
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == LIFE
    assert refused(scene.delete()) == UnknownContainer("web")


def test_an_exec_that_was_found_again_can_be_signalled(scene: Scene) -> None:
    """Who its program is the record says: its start was over."""
    program = scene.with_exec()
    scene.pass_time()
    scene.restart()
    assert program in scene.living()
    assert scene.kill(EXEC) == Success(None)
    assert scene.wait(EXEC).unwrap().status == 137
    assert program not in scene.living()
