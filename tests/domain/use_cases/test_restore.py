"""Start of a container that is restored from a checkpoint: rule 5 of the issue (R081)."""

import pytest
from returns.result import Result, Success

from domain import limits
from domain.event import TaskStarted
from domain.identity import (
    ProcessKey,
)
from domain.lifecycle import Phase
from domain.refusal import (
    CallerGone,
    DeadlinePassed,
    Refusal,
    RuncFailed,
    StdioFailed,
    SystemdAway,
    UnitExists,
)
from domain.unit_definition import UnitDefinition
from domain.unit_name import unit_name
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.world.unit import Job
from tests.domain.client import INIT, WEB, asked, refused
from tests.domain.scene import Scene


def restored(scene: Scene, *, terminal: bool = False) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt", terminal=terminal)).unwrap()


def test_r081_a_restore_starts_the_unit_and_answers_its_pid(scene: Scene) -> None:
    restored(scene)
    pid = scene.start().unwrap()
    assert scene.living() == [pid]
    assert scene.view().pid == pid
    assert At.RUNC_START not in scene.script.calls
    assert scene.events()[1:] == [TaskStarted(WEB, pid)]
    unit = scene.unit()
    assert unit is not None
    assert "restore" in unit.definition.argv
    assert list(scene.serving.fifos.held) == [INIT]


def test_r081_with_a_terminal_the_terminal_comes_first(scene: Scene) -> None:
    restored(scene, terminal=True)
    held: list[ProcessKey] = []
    scene.at(At.UNIT_START, then=lambda: held.extend(scene.serving.terminals.held))
    scene.start().unwrap()
    assert held == [INIT]
    unit = scene.unit()
    assert unit is not None
    assert "--console-socket" in unit.definition.argv


@pytest.mark.parametrize(
    ("at", "stdio", "why"),
    [
        (At.STDIO, "terminal", DeadlinePassed),
        (At.STDIO, "fifos", DeadlinePassed),
        (At.UNIT_START, "terminal", SystemdAway),
        (At.RUNC_CREATE, "terminal", RuncFailed),
        (At.RUNC_CREATE, "fifos", RuncFailed),
        (At.CONSOLE, "terminal", StdioFailed),
    ],
)
def test_r081_a_restore_that_fails_takes_terminal_and_unit_down_and_tells_255(
    scene: Scene, at: At, stdio: str, why: type[object]
) -> None:
    restored(scene, terminal=stdio == "terminal")
    scene.at(at, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.start()), why)
    assert scene.living() == []
    assert scene.serving.terminals.held == {}
    assert scene.serving.fifos.held == {}
    assert scene.wait().unwrap().status == 255
    assert scene.heard() == ["TaskCreated", "TaskExited"]
    scene.delete().unwrap()
    assert scene.left() == {}


def test_r081_a_caller_who_leaves_a_restore_leaves_no_unit(scene: Scene) -> None:
    restored(scene)
    caller = scene.serving.caller()
    scene.at(At.RUNC_CREATE, then=caller.gone.open)
    assert isinstance(refused(scene.ask(start(scene.shim, caller, INIT))), CallerGone)
    assert scene.living() == []
    assert scene.wait().unwrap().status == 255


def test_f104_a_restore_under_way_is_found_again_though_runc_has_forgotten_it(
    scene: Scene,
) -> None:
    """Its unit tells that the program runs."""
    restored(scene)
    scene.dies_at(At.RUNC_CREATE, scene.starting())
    scene.pass_time()
    scene.machine.oci.containers.clear()
    [pid] = scene.living()
    scene.boot()
    scene.pass_time()
    assert scene.view().phase is Phase.RUNNING
    assert scene.view().pid == pid
    scene.ends_well()


def test_s7_a_restore_that_failed_unseen_is_written_down_before_anybody_is_told(
    scene: Scene,
) -> None:
    restored(scene)
    scene.dies_at(At.UNIT_START, scene.starting(), Does.NEVER_ARRIVES)
    told: list[bool] = []

    def look() -> None:
        told.append(scene.shim.containers[WEB].init.ended.is_open)

    scene.at(At.RECORD_SAVE, then=look)
    scene.boot()
    found = scene.wait().unwrap()
    assert found.status == 255
    assert told == [False]
    scene.restart()
    assert scene.wait() == Success(found)


@pytest.mark.parametrize("runc", [Does.LATE, Does.NEVER_ARRIVES])
def test_s34_a_restore_that_begins_while_the_next_daemon_looks_for_it_has_its_pid(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, runc: Does
) -> None:
    """The former one's call may come so late: the unit is not there yet, and then runc has it.

    If runc does not answer, its pid file says so.
    """
    restored(scene)
    systemd, begin, late = scene.machine.systemd, scene.machine.systemd.start, []

    def not_yet(definition: UnitDefinition, by: str) -> Job:
        late.append((definition, by))
        return Job(scene.world.scheduler.latch())

    monkeypatch.setattr(systemd, "start", not_yet)
    scene.begin(scene.starting())
    scene.pass_time()
    scene.crash()
    scene.script.late_s = 1.0
    scene.at(At.RUNC_STATE, runc, then=lambda: begin(*late[0]))
    scene.at(At.RUNC_STATE, runc, times=limits.RUNC_ASKED - 1)
    scene.boot()
    scene.pass_time(limits.RUNC * limits.RUNC_ASKED)
    [pid] = scene.living()
    assert scene.view().pid == pid
    assert scene.events()[-1] == TaskStarted(WEB, pid)


def left_over(scene: Scene) -> None:
    """Of a restored container that no record knows of: its unit has the name."""
    restored(scene)
    scene.start().unwrap()
    scene.pass_time()
    scene.crash()
    scene.machine.disk.records.clear()
    scene.boot()


def create_again(scene: Scene) -> Result[object, Refusal]:
    return scene.create(asked(checkpoint="/ckpt"))


def test_f49_a_left_over_of_the_name_is_ended_before_a_restore_is_promised(scene: Scene) -> None:
    left_over(scene)
    create_again(scene).unwrap()
    assert scene.unit() is None
    assert scene.living() == []
    pid = scene.start().unwrap()
    assert scene.living() == [pid]


def test_f49_a_left_over_that_cannot_be_ended_keeps_the_name(scene: Scene) -> None:
    left_over(scene)
    scene.at(At.UNIT_STOP, Does.FAILS_BEFORE)
    assert refused(create_again(scene)) == UnitExists(unit_name(INIT))


def test_f49_a_left_over_that_runc_keeps_keeps_the_name(scene: Scene) -> None:
    left_over(scene)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE, times=9)
    assert refused(create_again(scene)) == UnitExists(unit_name(INIT))


def test_f49_whether_there_is_one_must_be_known(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    assert isinstance(refused(create_again(scene)), SystemdAway)
