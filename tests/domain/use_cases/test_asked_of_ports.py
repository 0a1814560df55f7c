"""What the rules ask systemd, runc and the rest for: how long, of whom, with which options."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from domain import bundle_files, limits
from domain.limits import Seconds
from domain.ports.runc import RuncTarget
from domain.refusal import CallerGone, RuncFailed, UnitFailed
from domain.request import CreateRequest, RuntimeOptions
from domain.unit import Whom
from domain.unit_name import unit_name
from domain.use_cases import query
from domain.use_cases.create import create
from domain.use_cases.exits import look_at
from domain.use_cases.recover import recover
from sim.faults import At, Does
from sim.world.kernel import SIGHUP, SIGKILL, Program
from sim.world.unit import Unit
from tests.domain.asked_of_ports import SLOW_PORTS, noting
from tests.domain.client import BUNDLE, EXEC, INIT, WEB, asked, refused
from tests.domain.scene import Scene

CRUN: Final = RuntimeOptions(binary="crun", systemd_cgroup=True)
SEVEN: Final = Program(exits=7)

# A call that can take long has a limit of its own, whoever makes it (S34).
WITHIN: Final[dict[tuple[str, str], Seconds]] = {
    ("units", "start"): limits.START_ANSWER,
    ("units", "stop"): limits.RELEASE,
    ("runc", "start"): limits.RUNC,
    ("runc", "state"): limits.RUNC,
    ("runc", "pause"): limits.RUNC,
    ("runc", "resume"): limits.RUNC,
    ("runc", "pids"): limits.RUNC,
    ("runc", "delete"): limits.RUNC,
    ("mounts", "mount"): limits.MOUNT,
    ("mounts", "unmount"): limits.MOUNT,
    ("fifos", "open"): limits.STDIO,
    ("fifos", "drain"): limits.DRAIN,
    ("terminals", "listen"): limits.STDIO,
    ("terminals", "connected"): limits.CONSOLE,
    ("terminals", "drain"): limits.DRAIN,
}


def lives(scene: Scene, *, terminal: bool) -> None:
    """Everything that can be asked of a container, once."""
    scene.bundle()
    scene.create(asked(terminal=terminal)).unwrap()
    scene.start().unwrap()
    scene.add_exec(terminal=terminal).unwrap()
    scene.start(EXEC).unwrap()
    scene.pause().unwrap()
    scene.resume().unwrap()
    scene.ask(query.pids(scene.shim, WEB)).unwrap()
    scene.kill(EXEC).unwrap()
    scene.wait(EXEC).unwrap()
    scene.delete(EXEC).unwrap()
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.clean_up().unwrap()
    scene.clean_up().unwrap()


def test_s34_every_call_that_can_take_long_has_its_own_limit_always(scene: Scene) -> None:
    notes = noting(scene, *SLOW_PORTS)
    lives(scene, terminal=False)
    lives(scene, terminal=True)
    scene.running()
    scene.pass_time()
    scene.ask(recover(scene.shim))
    found = {
        (port, name, arguments["within"])
        for port, note in notes.items()
        for name, arguments in note.calls
        if "within" in arguments
    }
    assert found == {(port, name, within) for (port, name), within in WITHIN.items()}


def test_whose_output_is_drained_is_said_by_its_key(scene: Scene) -> None:
    scene.with_exec(SEVEN)
    scene.wait(EXEC).unwrap()
    notes = noting(scene, "fifos")
    scene.delete(EXEC).unwrap()
    assert [each["process"] for each in notes["fifos"].of("drain")] == [EXEC]


def test_runc_is_told_which_program_which_root_which_bundle_and_how_loud(scene: Scene) -> None:
    notes = noting(scene, "runc")
    scene.bundle()
    scene.create(asked(options=CRUN, debug=True)).unwrap()
    scene.start()
    expected = RuncTarget(
        owner=WEB,
        binary="crun",
        root=bundle_files.runtime_root(CRUN, WEB.namespace),
        bundle=BUNDLE,
        log=f"{BUNDLE}/log.json",
        debug=True,
    )
    assert [each["target"] for each in notes["runc"].of("start")] == [expected]


def test_a_clean_up_kills_everybody(scene: Scene) -> None:
    scene.running()
    notes = noting(scene, "units")
    scene.clean_up().unwrap()
    kills = {(each["whom"], each["signal"]) for each in notes["units"].of("kill")}
    assert kills == {(Whom.ALL, SIGKILL)}


def test_h15_who_is_left_in_a_shared_namespace_is_killed_whoever_it_is(scene: Scene) -> None:
    pid = scene.running(private=False)
    scene.pass_time()
    notes = noting(scene, "units")
    scene.ends(pid, 3)
    scene.wait().unwrap()
    scene.pass_time()
    kills = [(each["whom"], each["signal"]) for each in notes["units"].of("kill")]
    assert kills == [(Whom.ALL, SIGKILL)]


def test_t155_an_exec_gets_every_signal_but_the_one_that_only_asks(scene: Scene) -> None:
    scene.with_exec()
    notes = noting(scene, "processes")
    scene.kill(EXEC, 0).unwrap()
    assert notes["processes"].calls == []
    scene.kill(EXEC, SIGHUP).unwrap()
    assert [each["signal"] for each in notes["processes"].of("signal")] == [SIGHUP]
    assert scene.wait(EXEC).unwrap().status == 128 + SIGHUP


# The units.


def wide_awake(scene: Scene, request: CreateRequest) -> Unit | None:
    """Creates a container in a slice of its own; answers its unit, if it has one yet."""
    scene.bundle()
    scene.machine.disk.bundles[BUNDLE].cgroups_path = "own.slice:cri:web"
    scene.create(request).unwrap()
    return scene.unit()


LOUD: Final = asked(options=CRUN, debug=True)


def test_a_container_s_slice_and_debug_are_those_of_all_its_units(scene: Scene) -> None:
    unit = wide_awake(scene, LOUD)
    scene.start().unwrap()
    scene.add_exec().unwrap()
    scene.start(EXEC).unwrap()
    for each in (unit, scene.unit(EXEC)):
        assert each is not None
        assert each.definition.properties["Slice"] == "own.slice"
        assert "--debug" in each.definition.argv


def test_r080_the_evidence_of_a_failed_start_is_the_unit_as_it_was_asked_for(
    scene: Scene,
) -> None:
    unit = wide_awake(scene, LOUD)
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    why = refused(scene.start())
    assert isinstance(why, RuncFailed)
    assert unit is not None
    assert why.evidence[0].text == unit.definition.text()


def test_r080_the_evidence_of_a_failed_restore_is_a_restore(scene: Scene) -> None:
    wide_awake(scene, replace(LOUD, checkpoint="/ckpt"))
    notes = noting(scene, "units")
    scene.at(At.RUNC_CREATE, Does.FAILS_BEFORE)
    why = refused(scene.start())
    assert isinstance(why, RuncFailed)
    [asked_for] = notes["units"].of("start")
    assert why.evidence[0].text == asked_for["definition"].text()


def failed_create(scene: Scene, then: Callable[[], object]) -> UnitFailed:
    """A Create with debug, which fails for what happens before the unit is read."""
    scene.bundle()
    scene.script.late_s = 5.0
    scene.at(At.UNIT_READ, Does.LATE, then=then)
    why = refused(scene.create(asked(debug=True)))
    assert isinstance(why, UnitFailed)
    return why


def test_r080_an_init_that_ended_at_once_is_told_with_evidence(scene: Scene) -> None:
    why = failed_create(scene, lambda: scene.ends(scene.living()[0], 3))
    assert why.result == "init ended at once with 3"
    assert [each.heading for each in why.evidence] == ["unit"]


def test_r080_a_unit_that_is_gone_again_is_told_with_evidence(scene: Scene) -> None:
    why = failed_create(scene, scene.machine.systemd.units.clear)
    assert why.result == "done"
    assert [each.heading for each in why.evidence] == ["unit"]


# A caller who leaves.


def test_r086_who_leaves_a_job_that_never_ends_waits_no_longer_than_a_death_takes(
    scene: Scene,
) -> None:
    scene.bundle()
    caller = scene.serving.caller()
    scene.at(At.UNIT_START, Does.NEVER_ANSWERS, then=caller.gone.open)
    outcome = scene.ask(create(scene.shim, caller, asked()))
    assert isinstance(refused(outcome), CallerGone)
    assert scene.world.scheduler.now < limits.START_JOB_S
    assert scene.left() == {}


def test_f49_a_caller_may_leave_while_the_unit_is_asked_for_again(scene: Scene) -> None:
    """Its name was a left-over's at first."""
    scene.running()
    scene.machine.oci.containers.clear()
    scene.machine.disk.records.clear()
    scene.restart()
    caller = scene.serving.caller()
    scene.at(At.UNIT_START, skips=1, then=caller.gone.open)
    scene.at(At.RUNC_CREATE, Does.LATE)
    outcome = scene.ask(create(scene.shim, caller, asked()))
    assert isinstance(refused(outcome), CallerGone)
    scene.pass_time(limits.START_JOB_S)
    assert scene.left() == {}


# How often.


def test_a_hint_is_followed_by_one_reading_of_its_unit_alone(scene: Scene) -> None:
    pid = scene.with_exec()
    scene.pass_time()
    notes = noting(scene, "units")
    scene.ends(pid, 3)
    scene.pass_time()
    names = {each["unit"].name for each in notes["units"].of("read")}
    assert names == {unit_name(EXEC)}


def test_many_hints_at_once_are_followed_by_two_readings_at_most(scene: Scene) -> None:
    """One that is under way, and one for what it may have missed."""
    scene.running()
    scene.pass_time()
    notes = noting(scene, "units")
    container = scene.shim.containers[WEB]
    for _ in range(10):
        look_at(scene.shim, ((container, container.init),))
    scene.pass_time()
    assert len(notes["units"].of("read")) <= 2


def test_an_acknowledgement_on_which_nothing_depends_any_more_is_not_written_down(
    scene: Scene,
) -> None:
    scene.running()
    scene.pass_time()
    scene.machine.sink.go()
    scene.add_exec().unwrap()
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    before = scene.script.calls.count(At.RECORD_SAVE)
    scene.machine.sink.come_back()
    assert scene.heard()[-1] == "ExecAdded sh"
    assert scene.script.calls.count(At.RECORD_SAVE) == before


def test_recovery_asks_runc_nothing_about_a_container_that_has_exited(scene: Scene) -> None:
    scene.exited(SEVEN)
    before = scene.script.calls.count(At.RUNC_STATE)
    scene.restart()
    assert scene.script.calls.count(At.RUNC_STATE) == before
    assert scene.view(INIT).exit == scene.wait().unwrap()


def test_recovery_asks_a_runc_that_says_no_only_once(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.at(At.RUNC_STATE, Does.FAILS_BEFORE)
    scene.restart()
    assert scene.script.calls.count(At.RUNC_STATE) == 1
