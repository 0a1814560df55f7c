"""What no record knows of is ended all the same: its record is lost (F119)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from returns.result import Result, Success

from domain import bundle_files, limits
from domain.caller import Caller
from domain.identity import NO_PID, ContainerId, ContainerKey, Namespace, Pid, ProcessKey
from domain.ports.runc import RuncTarget
from domain.refusal import CallerGone, ContainerExists, Refusal, SystemdAway, UnitFailed
from domain.request import RuntimeOptions
from domain.unit_name import process_of, unit_name
from domain.use_cases.clean_up import clean_up
from domain.use_cases.delete import Departed
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import Program
from tests.domain.asked_of_ports import noting
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, asked, refused
from tests.domain.scene import Scene

Outcome = Result[Departed, Refusal]

THREE: Final = Program(exits=3)
# Where the defaults have it; which runtime it really was the record knew.
TARGET: Final = RuncTarget(
    owner=WEB,
    binary=RuntimeOptions().binary,
    root=bundle_files.runtime_root(RuntimeOptions(), WEB.namespace),
    bundle=BUNDLE,
    log=bundle_files.runtime_log(BUNDLE, None),
    debug=False,
)


def unrecorded(scene: Scene) -> None:
    """Its record cannot be read, and so the next daemon does not know it."""
    scene.pass_time()
    scene.crash()
    scene.machine.disk.records.clear()
    scene.boot()


@pytest.mark.parametrize("arrange", [Scene.created, Scene.running, Scene.paused, Scene.with_exec])
def test_f119_a_container_that_no_record_knows_is_ended_too(
    scene: Scene, arrange: Callable[[Scene], object]
) -> None:
    arrange(scene)
    unrecorded(scene)
    assert scene.clean_up().unwrap().exit.status == 137
    assert scene.left() == {}


def test_f119_the_true_status_of_one_that_had_ended_is_told(scene: Scene) -> None:
    scene.exited(THREE)
    unrecorded(scene)
    assert scene.clean_up().unwrap().exit.status == 3
    assert scene.left() == {}


def test_f119_one_that_runc_keeps_elsewhere_is_ended_by_systemd(scene: Scene) -> None:
    """Where its runtime's state lay its record knew."""
    scene.running()
    unrecorded(scene)
    before = scene.script.calls.count(At.UNIT_READ)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    assert scene.clean_up().unwrap().exit.status == 137
    assert scene.living() == []
    # Whether there is anything, and two looks for its end: nobody waits for longer than it takes.
    assert scene.script.calls.count(At.UNIT_READ) - before <= 3


def test_f119_what_cannot_be_ended_is_said_and_can_be_asked_for_again(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    scene.at(At.UNIT_STOP, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.clean_up()), UnitFailed)
    scene.clean_up().unwrap()
    assert scene.left() == {}


def test_f119_a_container_of_another_id_is_left_alone(scene: Scene) -> None:
    pid = scene.running()
    unrecorded(scene)
    other = replace(WEB, container=type(WEB.container)("web-1"))
    scene.clean_up(other).unwrap()
    assert scene.living() == [pid]


def test_f119_nobody_begins_a_container_of_the_id_meanwhile(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    scene.at(At.UNIT_STOP, Does.LATE)
    cleaning = scene.begin(scene.cleaning())
    scene.pass_time()
    assert refused(scene.create()) == ContainerExists("web")
    scene.answer(cleaning).unwrap()
    assert isinstance(scene.create(), Success)


def test_f119_of_two_at_once_the_second_ends_what_the_first_could_not(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    for step in (At.UNIT_KILL, At.UNIT_STOP, At.UNIT_RELEASE):
        scene.at(step, Does.FAILS_BEFORE)
    first, second = (scene.begin(scene.cleaning()) for _ in range(2))
    outcomes = [scene.answer(first), scene.answer(second)]
    assert [isinstance(outcome, Success) for outcome in outcomes].count(True) == 1
    assert scene.left() == {}


def test_runc_is_asked_for_the_container_where_the_defaults_have_it(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    runc = noting(scene, "runc")["runc"]
    scene.clean_up().unwrap()
    assert runc.of("delete") == [{"target": TARGET, "within": limits.RUNC}]


def test_the_init_is_killed_by_its_unit_and_has_no_pid_that_anybody_knows(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    assert scene.clean_up().unwrap().pid == NO_PID


def test_what_could_not_be_done_is_said_with_what_is_lost(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    scene.clean_up()
    assert "default/web: runc may keep the container: RuncFailed(" in str(scene.world.story)
    assert f"default/web: {unit_name(INIT)} is not killed: " in str(scene.world.story)


def test_nothing_is_lost_where_all_went_well(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    scene.clean_up().unwrap()
    assert "runc may keep" not in str(scene.world.story)


def test_f119_whether_there_is_anything_must_be_known(scene: Scene) -> None:
    pid = scene.running()
    unrecorded(scene)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.clean_up()), SystemdAway)
    assert scene.living() == [pid]


def two_at_it(scene: Scene, second: Caller) -> tuple[Task[Outcome], Task[Outcome]]:
    """Both have seen that there is something; the unit's stop takes the first one long."""
    scene.running()
    unrecorded(scene)
    scene.script.late_s = 5.0
    scene.at(At.UNIT_STOP, Does.LATE)
    callers = (scene.serving.caller(), second)
    first, other = (scene.begin(clean_up(scene.shim, caller, WEB, BUNDLE)) for caller in callers)
    scene.pass_time(1.0)
    return first, other


def test_who_comes_while_another_is_at_it_waits_and_asks_nobody_meanwhile(scene: Scene) -> None:
    first, second = two_at_it(scene, scene.serving.caller())
    notes = noting(scene, "units", "runc")
    scene.pass_time(1.0)
    assert notes["units"].calls == []
    scene.answer(first).unwrap()
    scene.answer(second).unwrap()
    assert notes["runc"].calls == []  # nothing was left for it


def test_who_comes_second_and_leaves_is_told_what_it_waited_for(scene: Scene) -> None:
    caller = scene.serving.caller()
    first, second = two_at_it(scene, caller)
    caller.gone.open()
    assert refused(scene.answer(second)) == CallerGone("clean-up")
    scene.answer(first).unwrap()


def test_who_ends_what_the_first_could_not_asks_for_the_same(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    runc = noting(scene, "runc")["runc"]
    for step in (At.RUNC_DELETE, At.UNIT_KILL, At.UNIT_STOP, At.UNIT_RELEASE):
        scene.at(step, Does.FAILS_BEFORE)
    works = [scene.begin(scene.cleaning()) for _ in range(2)]
    for work in works:
        scene.answer(work)
    assert runc.of("delete") == [{"target": TARGET, "within": limits.RUNC}] * 2


def test_a_unit_that_somebody_else_takes_away_meanwhile_is_not_waited_for(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    units = scene.machine.systemd.units
    scene.at(At.UNIT_KILL, then=lambda: units.pop(unit_name(INIT)))
    begun = scene.world.scheduler.now
    assert scene.clean_up().unwrap().exit.status == 255  # never a success that nobody saw (S6)
    assert scene.world.scheduler.now - begun < limits.DEATH_LOOK


def of_another(scene: Scene, owner: ContainerKey, bundle: str) -> Pid:
    """A container of another id, which runs."""
    scene.bundle(path=bundle)
    scene.create(replace(asked(), owner=owner, bundle=bundle)).unwrap()
    return scene.start(ProcessKey(owner)).unwrap()


@pytest.mark.parametrize("other", ["a", "web-1", "z"])
def test_f119_units_of_other_ids_are_left_alone(scene: Scene, other: str) -> None:
    """Those that systemd lists before ours, and after."""
    pid = of_another(scene, replace(WEB, container=ContainerId(other)), "/other")
    scene.with_exec()
    unrecorded(scene)
    scene.clean_up().unwrap()
    assert scene.living() == [pid]
    assert scene.unit() is None
    assert scene.unit(EXEC) is None


def test_f119_an_id_that_its_unit_s_name_does_not_tell_is_ended_as_well(scene: Scene) -> None:
    """Of what would be too long for a name there is a digest in it."""
    long = replace(
        WEB, namespace=Namespace("a-" * 37 + "a"), container=ContainerId("b-" * 37 + "b")
    )
    assert process_of(unit_name(ProcessKey(long))) is None
    of_another(scene, long, "/other")
    unrecorded(scene)
    cleaned_up = scene.clean_up(long, "/other")
    assert cleaned_up.unwrap().exit.status == 137
    assert scene.living() == []
    assert scene.machine.systemd.units == {}


def test_f119_which_units_there_are_must_be_known(scene: Scene) -> None:
    scene.running()
    unrecorded(scene)
    scene.at(At.UNIT_LIST, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.clean_up()), SystemdAway)
    scene.clean_up().unwrap()
    assert scene.left() == {}


def test_f119_a_unit_that_stays_is_said_by_its_name(scene: Scene) -> None:
    scene.with_exec()
    unrecorded(scene)
    scene.at(At.UNIT_RELEASE, Does.FAILS_BEFORE, times=2)
    why = refused(scene.clean_up())
    assert why in [UnitFailed(unit_name(key), "not released") for key in (INIT, EXEC)]
