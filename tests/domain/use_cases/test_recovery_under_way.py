"""What clients ask of a container while recovery is still finding out how far it had come."""

from dataclasses import replace

import pytest
from returns.result import Success

from domain import limits
from domain.event import ExecAdded
from domain.exit_status import SIGNALLED
from domain.identity import ContainerId, ExecId
from domain.lifecycle import Phase
from domain.refusal import CallerGone, DeadlinePassed, Operation, WrongPhase
from domain.unit import Whom
from domain.use_cases.add_exec import add_exec
from domain.use_cases.delete import delete
from domain.use_cases.pause import pause
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.world.kernel import SIGKILL, SIGTERM
from tests.domain.asked_of_ports import noting
from tests.domain.client import EXEC, INIT, WEB, asked, exec_asked, refused
from tests.domain.heard import in_short
from tests.domain.scene import LONG_S, Scene


@pytest.fixture
def half_known(scene: Scene) -> Scene:
    """A start was under way when the daemon died, and runc does not answer the new one yet."""
    scene.created()
    scene.at(At.RUNC_START, Does.ANSWERS_LATE)
    scene.begin(scene.starting())
    scene.pass_time()
    scene.at(At.RUNC_STATE, Does.NEVER_ARRIVES)
    scene.restart()  # answers others after limits.RECOVERY
    return scene


def test_a_client_of_a_half_known_container_waits_until_it_is_known(half_known: Scene) -> None:
    """Deleted, started or frozen is what is there, not what the record half says."""
    deleting = half_known.begin(half_known.deleting())
    starting = half_known.begin(half_known.starting())
    pausing = half_known.begin(pause(half_known.shim, WEB))
    why = refused(half_known.answer(deleting))
    assert why in [WrongPhase(Operation.DELETE, phase) for phase in (Phase.RUNNING, Phase.PAUSED)]
    assert half_known.view().phase in {Phase.RUNNING, Phase.PAUSED}
    assert isinstance(refused(half_known.answer(starting)), WrongPhase)
    assert half_known.answer(pausing) == Success(None)


def test_an_exec_that_is_added_to_a_half_known_container_is_told_of_once(
    half_known: Scene,
) -> None:
    """S1: what recovery owes is told first, and what is new comes after it."""
    adding = half_known.begin(add_exec(half_known.shim, exec_asked()))
    assert half_known.answer(adding) == Success(None)
    half_known.pass_time(LONG_S)
    assert half_known.events().count(ExecAdded(EXEC)) == 1


def test_an_exec_is_refused_when_recovery_takes_too_long(half_known: Scene) -> None:
    half_known.at(At.RUNC_STATE, Does.NEVER_ARRIVES, times=2)
    adding = half_known.begin(add_exec(half_known.shim, exec_asked()))
    assert isinstance(refused(half_known.answer(adding)), DeadlinePassed)


def test_a_half_known_container_is_ended_by_a_clean_up_when_it_is_known(half_known: Scene) -> None:
    """What it was told decides what its exit is."""
    cleaning = half_known.begin(half_known.cleaning())
    half_known.pass_time()
    assert At.UNIT_KILL not in half_known.script.calls
    assert half_known.answer(cleaning).unwrap().exit.status == 137


def test_a_clean_up_is_refused_when_recovery_takes_too_long(half_known: Scene) -> None:
    half_known.at(At.RUNC_STATE, Does.NEVER_ARRIVES, times=2)
    cleaning = half_known.begin(half_known.cleaning())
    assert refused(half_known.answer(cleaning)) == DeadlinePassed("recovery", limits.RUNC)


@pytest.fixture
def exec_half_known(scene: Scene) -> Scene:
    """An exec was started, and no disk knew that when the daemon died."""
    scene.with_exec()
    scene.crash()
    scene.at(At.RUNC_STATE, Does.NEVER_ARRIVES)
    scene.serving.boot()
    scene.pass_time()
    assert scene.view(EXEC).phase is Phase.STARTING
    return scene


def test_a_kill_of_an_exec_that_is_being_found_again_reaches_it(exec_half_known: Scene) -> None:
    assert exec_half_known.kill(EXEC) == Success(None)
    assert exec_half_known.wait(EXEC).unwrap().status == SIGNALLED + SIGKILL


def test_a_signal_for_a_restored_init_that_is_being_found_again_reaches_it(scene: Scene) -> None:
    """R082: its Start was answered, and no disk knows its pid; nor does systemd know it yet."""
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    pid = scene.start().unwrap()
    scene.crash()
    scene.at(At.RUNC_STATE, Does.NEVER_ARRIVES)
    scene.serving.boot()
    scene.pass_time()
    assert scene.view().phase is Phase.STARTING
    units = noting(scene, "units")["units"]
    assert scene.kill(signal=SIGTERM, whom=Whom.ALL) == Success(None)
    assert [call["whom"] for call in units.of("kill")] == [Whom.ALL]
    assert [signal for signal, _ in scene.process(pid).signalled] == [SIGTERM]


def test_an_execs_kill_is_refused_when_recovery_takes_too_long(exec_half_known: Scene) -> None:
    exec_half_known.at(At.RUNC_STATE, Does.NEVER_ARRIVES, times=2)
    assert isinstance(refused(exec_half_known.kill(EXEC)), DeadlinePassed)


def test_l7_an_exec_whose_start_takes_long_holds_up_no_other(scene: Scene) -> None:
    slow = replace(EXEC, exec_id=ExecId("slow"))
    scene.running()
    scene.add_exec(key=slow).unwrap()
    scene.script.late_s = 15.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    scene.begin(scene.starting(slow))
    scene.pass_time()
    scene.add_exec().unwrap()
    scene.start(EXEC).unwrap()
    scene.crash()
    scene.serving.boot()
    scene.pass_time()
    assert scene.view(slow).phase is Phase.STARTING
    assert scene.view(EXEC).phase is Phase.RUNNING
    assert scene.story()[-1] == "ExecStarted sh"


def test_a_caller_who_leaves_a_half_known_container_changes_nothing(half_known: Scene) -> None:
    caller = half_known.serving.caller()
    asks = (
        half_known.begin(start(half_known.shim, caller, INIT)),
        half_known.begin(delete(half_known.shim, caller, INIT)),
    )
    half_known.pass_time(0.1)
    caller.gone.open()
    for ask in asks:
        assert isinstance(refused(half_known.answer(ask)), CallerGone)
    half_known.pass_time(LONG_S)
    assert half_known.view().phase is Phase.RUNNING


def test_l11_what_one_container_waits_for_delays_no_exit_of_another(scene: Scene) -> None:
    db = "/run/bundles/db"
    scene.bundle(path=db)
    older = replace(asked(), owner=replace(WEB, container=ContainerId("db")), bundle=db)
    scene.create(older).unwrap()
    pid = scene.running()
    scene.pass_time()
    scene.crash()
    scene.at(At.RUNC_STATE, Does.NEVER_ARRIVES, skips=1)
    scene.serving.boot()
    scene.pass_time()
    assert scene.shim.containers[older.owner].recovery is not None
    scene.ends(pid, 3)
    scene.pass_time()
    assert in_short(scene.events()[-1]) == "TaskExited"
    assert not scene.serving.ready.is_open
