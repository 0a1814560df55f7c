"""Recovery: the daemon dies before any of its steps, and nobody is told anything false (D01)."""

from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Success

from domain.event import TaskExited
from domain.identity import NO_PID, ExecId, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import UnknownContainer, UnknownExec
from domain.unit import Whom
from domain.use_cases.add_exec import add_exec
from domain.use_cases.create import create
from domain.use_cases.delete import delete
from domain.use_cases.kill import kill
from domain.use_cases.pause import pause, resume
from domain.use_cases.query import connect
from domain.use_cases.recover import recover
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.world.kernel import SIGKILL, SIGTERM, Program
from tests.domain.scene import (
    EXEC,
    INIT,
    LONG_S,
    STAYS,
    WEB,
    Scene,
    asked,
    exec_asked,
    refused,
)

# More than any call here takes, with all that follows it.
STEPS: Final = 45
LIFE: Final = ["TaskCreated", "TaskStarted", "TaskExited", "TaskDeleted"]
SEVEN: Final = Program(exits=7)
FOREVER_HANDLED: Final = Program(runs_s=None, on_term=0)


def ends_well(scene: Scene) -> None:
    """The client takes its container down, whatever it finds."""
    if connect(scene.shim, WEB) != NO_PID or WEB in scene.shim.containers:
        scene.kill()
        scene.wait()
        scene.delete()
    scene.pass_time(LONG_S)
    assert scene.left() == {}


# The daemon is killed before each of its steps, while a call is under way.


@pytest.mark.parametrize("step", range(STEPS))
def test_a_create_that_was_under_way_is_whole_or_taken_back(step: int) -> None:
    scene = Scene(step)
    scene.bundle()
    died = scene.dies_during(create(scene.shim, scene.caller(), asked()), step)
    if WEB in scene.shim.containers:
        assert scene.living() == [scene.view().pid]
        assert scene.story() == ["TaskCreated"]
    else:
        assert died
        assert scene.left() == {}
        assert scene.events() == []
        scene.create().unwrap()
    ends_well(scene)
    assert scene.story()[-1] == "TaskDeleted"


@pytest.mark.parametrize("step", range(STEPS))
def test_d01_a_start_that_was_under_way_is_finished_or_can_be_asked_again(step: int) -> None:
    scene = Scene(step)
    pid = scene.created()
    scene.dies_during(start(scene.shim, scene.caller(), INIT), step)
    assert scene.living() == [pid]
    if scene.view().phase is Phase.CREATED:
        assert scene.start() == Success(pid)
    assert scene.view().phase is Phase.RUNNING
    assert scene.process(pid).program == STAYS
    ends_well(scene)
    assert scene.story() == LIFE


@pytest.mark.parametrize("status", [0, 7, 255])
@pytest.mark.parametrize("step", range(0, STEPS, 2))
def test_d01_the_exit_of_a_program_that_ends_while_the_daemon_is_away_is_told_right(
    step: int, status: int
) -> None:
    scene = Scene(step)
    scene.created(Program(exits=status))
    scene.dies_during(start(scene.shim, scene.caller(), INIT), step)
    if scene.view().phase is Phase.CREATED:
        scene.start().unwrap()
    exit_ = scene.wait().unwrap()
    assert exit_.status == status
    assert scene.delete().unwrap().exit == exit_
    assert scene.story() == LIFE
    assert scene.left() == {}


@pytest.mark.parametrize("step", range(STEPS))
def test_d01_an_exec_s_start_that_was_under_way_has_happened_or_not(step: int) -> None:
    scene = Scene(step)
    init = scene.running()
    scene.add_exec(Program(runs_s=None, on_term=4)).unwrap()
    scene.pass_time()
    scene.dies_during(start(scene.shim, scene.caller(), EXEC), step)
    if scene.view(EXEC).phase is Phase.CREATED:
        scene.start(EXEC).unwrap()
    ran = scene.view(EXEC).phase is Phase.RUNNING
    if ran:
        assert len(scene.living()) == len(["init", "program", "reaper"])
        assert scene.process(scene.view(EXEC).pid).lives
        scene.kill(EXEC, SIGTERM).unwrap()
        assert scene.wait(EXEC).unwrap().status == 4
    else:
        assert scene.wait(EXEC).unwrap().status == 255
    assert scene.living() == [init]
    story = ["TaskCreated", "TaskStarted", "ExecAdded sh"]
    assert scene.story() == [*story, *(["ExecStarted sh", "TaskExited sh"] if ran else [])]
    scene.delete(EXEC).unwrap()
    ends_well(scene)


@pytest.mark.parametrize("step", range(STEPS))
def test_an_exec_that_was_being_added_is_added_or_not(step: int) -> None:
    scene = Scene(step)
    scene.running()
    scene.pass_time()
    died = scene.dies_during(add_exec(scene.shim, exec_asked()), step)
    if ExecId("sh") not in scene.shim.containers[WEB].execs:
        assert died
        assert scene.add_exec() == Success(None)
    scene.start(EXEC).unwrap()
    assert scene.story()[2:] == ["ExecAdded sh", "ExecStarted sh"]
    ends_well(scene)


@pytest.mark.parametrize("step", range(STEPS))
def test_a_delete_that_was_under_way_is_finished_without_being_asked_again(step: int) -> None:
    scene = Scene(step)
    scene.running(SEVEN)
    exit_ = scene.wait().unwrap()
    scene.pass_time()
    died = scene.dies_during(delete(scene.shim, scene.caller(), INIT), step)
    if died:
        scene.pass_time()
        if WEB in scene.shim.containers:
            # It had not begun: nothing is written down of it.
            assert scene.delete().unwrap().exit == exit_
    assert scene.left() == {}
    assert scene.story() == LIFE


@pytest.mark.parametrize("step", range(STEPS))
def test_a_delete_of_a_container_that_was_never_started_goes_on_after_a_crash(step: int) -> None:
    scene = Scene(step)
    scene.created()
    scene.pass_time()
    scene.dies_during(delete(scene.shim, scene.caller(), INIT), step)
    scene.pass_time()
    if WEB in scene.shim.containers:
        assert scene.delete().unwrap().exit.status == 137
    assert scene.left() == {}
    assert scene.story() == ["TaskCreated", "TaskExited", "TaskDeleted"]


@pytest.mark.parametrize("step", range(STEPS))
def test_a_delete_of_an_exec_that_was_under_way_can_be_asked_again(step: int) -> None:
    scene = Scene(step)
    scene.with_exec(SEVEN)
    exit_ = scene.wait(EXEC).unwrap()
    scene.pass_time()
    scene.dies_during(delete(scene.shim, scene.caller(), EXEC), step)
    outcome = scene.delete(EXEC)
    assert outcome == Failure(UnknownExec("sh")) or outcome.unwrap().exit == exit_
    assert scene.unit(EXEC) is None
    ends_well(scene)
    assert scene.story()[2:] == [
        "ExecAdded sh",
        "ExecStarted sh",
        "TaskExited sh",
        "TaskExited",
        "TaskDeleted",
    ]


@pytest.mark.parametrize("step", range(0, STEPS, 2))
def test_a_kill_that_was_under_way_may_be_asked_again(step: int) -> None:
    scene = Scene(step)
    scene.running()
    scene.pass_time()
    scene.dies_during(kill(scene.shim, INIT, SIGKILL, Whom.ALL), step)
    scene.kill()
    assert scene.wait().unwrap().status == 137
    ends_well(scene)
    assert scene.story() == LIFE


@pytest.mark.parametrize("step", range(0, 30, 2))
def test_a_pause_that_was_under_way_is_known_by_whether_the_container_is_frozen(
    step: int,
) -> None:
    scene = Scene(step)
    scene.running()
    scene.pass_time()
    scene.dies_during(pause(scene.shim, WEB), step)
    frozen = bool(scene.world.kernel.frozen)
    assert scene.view().phase is (Phase.PAUSED if frozen else Phase.RUNNING)
    if frozen:
        scene.dies_during(resume(scene.shim, WEB), step)
        frozen = bool(scene.world.kernel.frozen)
        assert scene.view().phase is (Phase.PAUSED if frozen else Phase.RUNNING)
    ends_well(scene)


@pytest.mark.parametrize("step", range(0, STEPS, 2))
def test_a_restore_that_was_under_way_is_running_or_over(step: int) -> None:
    scene = Scene(step)
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.pass_time()
    scene.dies_during(start(scene.shim, scene.caller(), INIT), step)
    if scene.view().phase is Phase.CREATED:
        scene.start().unwrap()
    if scene.view().phase is Phase.RUNNING:
        assert scene.living() == [scene.view().pid]
    else:
        assert scene.wait().unwrap().status == 255
        assert scene.living() == []
    ends_well(scene)


def test_a_daemon_that_dies_again_and_again_while_it_comes_back_still_comes_back() -> None:
    for step in range(40):
        scene = Scene(step)
        scene.with_exec(SEVEN)
        scene.restart()
        scene.crash()
        scene.before_step(step, scene.crash)
        dying = scene.serving
        dying.boot()
        scene.world.scheduler.run_until(dying.dead, 2_000)
        scene.world.scheduler.before_step = None
        scene.restart()
        assert scene.wait(EXEC).unwrap().status == 7
        ends_well(scene)
        assert scene.story() == [
            *("TaskCreated", "TaskStarted", "ExecAdded sh", "ExecStarted sh"),
            *("TaskExited sh", "TaskExited", "TaskDeleted"),
        ]


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
    for _ in range(3):
        scene.restart()
        assert scene.wait() == exit_
        assert scene.view().exit == exit_.unwrap()
    assert scene.heard().count("TaskExited") == 1


def test_f46_a_clean_stop_while_the_daemon_is_down_is_never_a_false_success(scene: Scene) -> None:
    scene.running(FOREVER_HANDLED)
    scene.pass_time()
    unit = scene.unit()
    assert unit is not None
    scene.crash()
    stopping = scene.world.scheduler.spawn(
        "systemctl stop", scene.machine.systemd.stop(unit), "world"
    )
    scene.world.scheduler.run_until(stopping.done, 10_000)
    scene.boot()
    assert scene.wait().unwrap().status == 255
    assert scene.heard()[-1] == "TaskExited"


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


# What is owed to containerd.


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
    record = scene.record()
    assert record is not None
    assert record.departed == ()


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
    ends_well(scene)
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
    scene.at(At.UNMOUNT, then=lambda: scene.before_step(0, scene.crash))
    dying = scene.serving
    scene.begin(delete(scene.shim, scene.caller(), INIT))
    scene.world.scheduler.run_until(dying.dead, 10_000)
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE, times=2)
    scene.boot()
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == LIFE


def test_a_client_may_ask_for_a_delete_that_recovery_could_not_finish(scene: Scene) -> None:
    scene.running(SEVEN)
    exit_ = scene.wait().unwrap()
    scene.pass_time()
    scene.at(At.UNMOUNT, then=lambda: scene.before_step(0, scene.crash))
    dying = scene.serving
    scene.begin(delete(scene.shim, scene.caller(), INIT))
    scene.world.scheduler.run_until(dying.dead, 10_000)
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    scene.boot()
    scene.pass_time()
    assert scene.delete().unwrap().exit == exit_
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.story() == LIFE
    assert refused(scene.delete()) == UnknownContainer("web")
