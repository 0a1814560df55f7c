"""Refusals say what was refused, of whom and why: clients match on the fields (task-api 4.5)."""

from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain import limits
from domain.exit_status import NEVER, SIGNALLED, Exit, ExitStatus, Timestamp
from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.ports.runc import RuncTarget
from domain.refusal import (
    CallerGone,
    DeadlinePassed,
    InvalidArgument,
    MountFailed,
    Operation,
    RecordFailed,
    Refusal,
    RuncFailed,
    StdioFailed,
    UnitFailed,
    UnknownContainer,
    WrongPhase,
)
from domain.request import ExecRequest, Stdio
from domain.unit_name import unit_name
from domain.use_cases.add_exec import add_exec
from domain.use_cases.create import create
from domain.use_cases.delete import Departed, delete
from domain.use_cases.pause import pause, resume
from domain.use_cases.start import _is_ours, start
from domain.use_cases.terminal import resize
from sim.faults import At, Does
from sim.world.disk import FULL
from sim.world.kernel import SIGKILL, Program
from sim.world.runtime import FakeRunc
from tests.domain.client import EXEC, INIT, WEB, asked, exec_asked, refused
from tests.domain.scene import Scene

THREE: Final = Program(exits=3)


# Of a Delete.


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (At.RECORD_SAVE, RecordFailed(FULL)),
        (At.UNIT_STOP, UnitFailed(unit_name(INIT), "not released")),
        (At.UNIT_RELEASE, UnitFailed(unit_name(INIT), "not released")),
        (At.UNMOUNT, MountFailed("root file system is busy")),
    ],
    ids=lambda each: each.name if isinstance(each, At) else "",
)
def test_a_delete_that_fails_says_at_which_step(scene: Scene, at: At, why: Refusal) -> None:
    scene.exited(THREE)
    scene.at(at, Does.FAILS_BEFORE)
    assert refused(scene.delete()) == why


def test_an_init_that_does_not_die_is_told_from_an_exec_that_does_not(scene: Scene) -> None:
    scene.created()
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE, times=limits.DEATH_LOOKS)
    assert refused(scene.delete()) == UnitFailed(unit_name(INIT), "its init does not die")


def test_an_exec_that_does_not_die_keeps_its_container(scene: Scene) -> None:
    program = scene.with_exec()
    scene.process(program).cgroup = "/where/no/kill/reaches"
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE, times=limits.DEATH_LOOKS)
    assert refused(scene.delete()) == UnitFailed(unit_name(EXEC), "it does not die")


class OfManyWords(FakeRunc):
    """A runc that says which of its own commands did not work."""

    async def delete(
        self, target: RuncTarget, within: limits.Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        return Failure(RuncFailed("destroy", f"{target.owner} is busy after {within:g} s"))


def test_what_runc_refuses_in_a_delete_is_the_delete(scene: Scene) -> None:
    scene.exited(THREE)
    scene.shim.containers[WEB].forgetting = None
    scene.shim.ports = replace(scene.shim.ports, runc=OfManyWords(scene.machine.oci))
    why = RuncFailed("delete", f"default/web is busy after {limits.RUNC:g} s")
    assert refused(scene.delete()) == why


def test_a_runc_that_never_answers_a_delete_is_waited_for_so_long(scene: Scene) -> None:
    scene.at(At.RUNC_DELETE, Does.NEVER_ARRIVES, times=2)
    scene.exited(THREE)
    assert refused(scene.delete()) == DeadlinePassed("RUNC_DELETE", limits.RUNC)


def test_a_container_that_was_never_restored_is_told_as_never_ended(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    gone = scene.shim.containers[WEB].deleted_event()
    assert gone.exit == Exit(ExitStatus(255), NEVER)


@pytest.mark.parametrize("seed", range(20))
def test_of_two_deletes_the_second_finds_nothing_also_where_the_id_is_used_again(seed: int) -> None:
    """What it met is what it deletes (S14)."""
    scene = Scene(seed)
    scene.exited(THREE)
    scene.script.late_s = 5.0
    scene.at(At.UNMOUNT, Does.LATE)
    first = scene.begin(scene.deleting())
    scene.pass_time()
    second = scene.begin(scene.deleting())
    scene.answer(first).unwrap()
    scene.bundle()
    creating = scene.begin(create(scene.shim, scene.serving.caller(), asked()))
    assert refused(scene.answer(second)) == UnknownContainer("web")
    assert scene.answer(creating).unwrap() in scene.living()


def test_a_clean_up_that_a_delete_outruns_tells_what_the_delete_told(scene: Scene) -> None:
    scene.exited(THREE)
    pid, exit_ = scene.view().pid, scene.wait().unwrap()
    scene.at(At.UNMOUNT, Does.LATE)
    scene.begin(scene.deleting())
    scene.pass_time()
    other = scene.begin(scene.cleaning())
    assert scene.answer(other) == Success(Departed(pid, exit_))


def test_s6_a_clean_up_outrun_where_nothing_ever_ran_tells_255_and_a_time(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.at(At.UNMOUNT, Does.LATE)
    scene.begin(scene.deleting())
    scene.pass_time()
    other = scene.begin(scene.cleaning())
    exit_ = scene.answer(other).unwrap().exit
    assert exit_.status == 255
    assert 0 < exit_.at <= scene.world.wall()


# While recovery is still finding out.


@pytest.fixture
def half_known(scene: Scene) -> Scene:
    """A running container, about which runc does not answer the new daemon yet."""
    scene.running()
    scene.pass_time()
    scene.at(At.RUNC_STATE, Does.NEVER_ARRIVES, times=2)
    scene.restart()  # answers others after limits.RECOVERY
    return scene


def test_who_leaves_meanwhile_is_told_what_it_waited_for(half_known: Scene) -> None:
    caller = half_known.serving.caller()
    starting = half_known.begin(start(half_known.shim, caller, INIT))
    deleting = half_known.begin(delete(half_known.shim, caller, INIT))
    half_known.pass_time(0.1)
    caller.gone.open()
    assert refused(half_known.answer(starting)) == CallerGone("recovery")
    assert refused(half_known.answer(deleting)) == CallerGone("delete")


def test_what_takes_recovery_too_long_is_refused_with_the_limit(half_known: Scene) -> None:
    why = DeadlinePassed("recovery", limits.RUNC)
    adding = half_known.begin(add_exec(half_known.shim, exec_asked()))
    pausing = half_known.begin(pause(half_known.shim, WEB))
    assert refused(half_known.answer(adding)) == why
    assert refused(half_known.answer(pausing)) == why


def test_a_resume_of_what_turns_out_to_run_is_a_refused_resume(half_known: Scene) -> None:
    half_known.pass_time(15.0)
    resuming = half_known.begin(resume(half_known.shim, WEB))
    why = WrongPhase(Operation.RESUME, Phase.RUNNING)
    half_known.pass_time(40.0)
    assert refused(half_known.answer(resuming)) == why


# Of a Start and an exec.


def test_the_start_of_an_exec_that_is_being_deleted_is_refused(scene: Scene) -> None:
    scene.added(Program(exits=3))
    scene.start(EXEC).unwrap()
    scene.machine.disk.takes_nothing = True
    scene.wait(EXEC).unwrap()
    scene.pass_time()
    scene.machine.disk.takes_nothing = False
    scene.at(At.RECORD_SAVE, Does.LATE)  # the save without which nothing is taken apart
    deleting = scene.begin(scene.deleting(EXEC))
    scene.pass_time()
    assert refused(scene.start(EXEC)) == WrongPhase(
        Operation.START, Phase.DELETED, "its delete is under way"
    )
    assert isinstance(scene.answer(deleting), Success)


def test_an_exec_without_an_id_makes_no_sense(scene: Scene) -> None:
    scene.running()
    outcome = scene.ask(add_exec(scene.shim, ExecRequest(ProcessKey(WEB), Stdio(), b"{}")))
    assert refused(outcome) == InvalidArgument("exec id is empty")


def test_the_pid_of_an_exec_with_a_terminal_is_answered_too(scene: Scene) -> None:
    scene.running()
    scene.add_exec(terminal=True).unwrap()
    pid = scene.start(EXEC).unwrap()
    assert pid == scene.view(EXEC).pid
    assert pid in scene.living()


def test_a_signal_that_does_not_exist_is_named(scene: Scene) -> None:
    scene.running()
    assert refused(scene.kill(signal=65)) == InvalidArgument("no signal has the number 65")


def test_a_terminal_that_is_lost_cannot_be_resized(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(terminal=True)).unwrap()
    scene.start().unwrap()
    scene.restart()
    outcome = scene.ask(resize(scene.shim, INIT, 80, 25))
    assert refused(outcome) == StdioFailed("no terminal")


@pytest.mark.parametrize(
    ("status", "at", "ours"),
    [
        (SIGNALLED + SIGKILL, 10, True),
        (SIGNALLED + SIGKILL, 11, True),
        (SIGNALLED + SIGKILL, 9, False),
        (SIGNALLED, 11, False),
    ],
)
def test_a_kill_that_systemd_dates_from_ours_on_is_ours(
    status: int, at: int, *, ours: bool
) -> None:
    found = Exit(ExitStatus(status), Timestamp(at))
    assert _is_ours(found, Timestamp(10)) is ours


@pytest.mark.parametrize("end", ["gone", "over"])
def test_s6_an_end_that_nobody_saw_has_a_time_of_its_own(scene: Scene, end: str) -> None:
    scene.running()
    scene.pass_time()
    if end == "gone":
        scene.machine.systemd.units.clear()
    else:
        unit = scene.unit()
        assert unit is not None
        unit.activity = type(unit.activity).FAILED
    scene.pass_time(limits.RESYNC)
    exit_ = scene.wait().unwrap()
    assert exit_.status == 255
    assert 0 < exit_.at <= scene.world.wall()


def test_s6_the_end_of_an_exec_that_never_ran_has_a_time_too(scene: Scene) -> None:
    scene.added(None)
    refused(scene.start(EXEC))
    assert 0 < scene.wait(EXEC).unwrap().at <= scene.world.wall()


def test_a_clean_up_of_the_unknown_tells_when_it_found_nothing(scene: Scene) -> None:
    outcome = scene.clean_up()
    assert outcome.unwrap().exit.at == scene.world.wall()
