"""Start answers the pid: it waits for it as long as its caller does (R082, D03)."""

from returns.result import Failure, Success

from domain.exit_status import MainCode
from domain.identity import (
    NO_PID,
)
from domain.refusal import (
    CallerGone,
)
from domain.use_cases.start import start
from sim.faults import At
from tests.domain.client import INIT, WEB
from tests.domain.scene import LONG_S, Scene


def without_a_pid(scene: Scene) -> None:
    scene.created()
    forget_the_pid(scene)


def forget_the_pid(scene: Scene) -> None:
    """Neither runc nor systemd has told it yet."""
    scene.shim.containers[WEB].init.pid = NO_PID
    unit = scene.unit()
    assert unit is not None
    unit.main = None


def test_d03_a_start_waits_for_the_pid_as_long_as_its_caller_does_and_no_longer(
    scene: Scene,
) -> None:
    without_a_pid(scene)
    caller = scene.serving.caller()
    starting = scene.begin(start(scene.shim, caller, INIT))
    scene.pass_time(30.0)
    assert not starting.done.is_open
    caller.gone.open()
    assert scene.answer(starting) == Failure(CallerGone("pid"))


def test_d03_a_start_that_waits_for_the_pid_looks_now_and_then_and_does_not_spin(
    scene: Scene,
) -> None:
    without_a_pid(scene)
    scene.begin(scene.starting())
    scene.pass_time(5.0)
    before = scene.script.calls.count(At.UNIT_READ)
    scene.pass_time(30.0)
    assert scene.script.calls.count(At.UNIT_READ) - before <= len(range(31))


def test_r082_a_start_answers_the_pid_when_it_is_known(scene: Scene) -> None:
    pid = scene.created()
    unit = scene.unit()
    assert unit is not None
    main = unit.main
    forget_the_pid(scene)
    starting = scene.begin(scene.starting())
    scene.pass_time(10.0)
    unit.main = main
    assert scene.answer(starting) == Success(pid)


def test_r082_a_start_answers_when_the_process_has_exited(scene: Scene) -> None:
    without_a_pid(scene)
    starting = scene.begin(scene.starting())
    scene.pass_time(10.0)
    unit = scene.unit()
    assert unit is not None
    unit.code, unit.status = MainCode.EXITED, 3
    scene.pass_time(LONG_S)  # the next look at everything
    assert isinstance(scene.answer(starting), Success)
    assert scene.wait().unwrap().status == 3
