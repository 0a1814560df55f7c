"""Create: all or nothing (S13, D45, D47, D55)."""

from collections.abc import Callable
from typing import Final

import pytest
from returns.result import Failure, Success

from domain import limits
from domain.refusal import (
    BundleFailed,
    CallerGone,
    ContainerExists,
    DeadlinePassed,
    MountFailed,
    RecordFailed,
    Refusal,
    RuncFailed,
    StdioFailed,
    SystemdAway,
    UnitFailed,
)
from domain.request import CreateRequest
from domain.use_cases.create import create
from sim.faults import At, Does
from tests.domain.client import BUNDLE, asked, refused
from tests.domain.scene import LONG_S, Scene


def lose_the_bundle(scene: Scene) -> None:
    scene.at(At.RECORD_SAVE, then=lambda: scene.machine.disk.bundles.pop(BUNDLE))


def fails(
    at: At, does: Does = Does.FAILS_BEFORE, *, skips: int = 0, times: int = 1
) -> Callable[[Scene], None]:
    return lambda scene: scene.at(at, does, skips=skips, times=times)


PLAIN: Final = asked()
TERMINAL: Final = asked(terminal=True)
STEPS: Final[tuple[tuple[str, CreateRequest, Callable[[Scene], None], type[Refusal]], ...]] = (
    ("bundle", PLAIN, lambda scene: scene.machine.disk.bundles.clear(), BundleFailed),
    ("first record", PLAIN, fails(At.RECORD_SAVE), RecordFailed),
    ("cgroup's place", PLAIN, lose_the_bundle, BundleFailed),
    ("mount", PLAIN, fails(At.MOUNT), MountFailed),
    ("stdio", PLAIN, fails(At.STDIO), DeadlinePassed),
    ("console socket", TERMINAL, fails(At.STDIO), DeadlinePassed),
    ("unit never asked", PLAIN, fails(At.UNIT_START), SystemdAway),
    ("unit's answer lost", PLAIN, fails(At.UNIT_START, Does.FAILS_AFTER), SystemdAway),
    ("runc create", PLAIN, fails(At.RUNC_CREATE), RuncFailed),
    ("unit unreadable", PLAIN, fails(At.UNIT_READ), SystemdAway),
    ("console", TERMINAL, fails(At.CONSOLE), StdioFailed),
    ("last record", PLAIN, fails(At.RECORD_SAVE, skips=1), RecordFailed),
)


@pytest.mark.parametrize(
    ("request_", "goes_wrong", "why"),
    [step[1:] for step in STEPS],
    ids=[step[0] for step in STEPS],
)
def test_s13_a_create_that_fails_at_any_step_leaves_nothing_and_tells_nothing(
    scene: Scene,
    request_: CreateRequest,
    goes_wrong: Callable[[Scene], None],
    why: type[Refusal],
) -> None:
    scene.bundle()
    goes_wrong(scene)
    assert isinstance(refused(scene.create(request_)), why)
    assert scene.left() == {}
    assert scene.events() == []


def test_d55_an_init_that_is_dead_already_is_a_failed_create(scene: Scene) -> None:
    scene.bundle()

    def end() -> None:
        for pid in scene.living():
            scene.ends(pid, 3)

    # The news reaches systemd before our look does.
    scene.script.late_s = 5.0
    scene.at(At.UNIT_READ, Does.LATE, then=end)
    assert refused(scene.create()) == UnitFailed(
        "io-containerd-systemd-default-web-init.service", "init ended at once with 3"
    )
    assert scene.left() == {}


def test_d55_a_unit_that_is_gone_again_is_a_failed_create(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.UNIT_READ, then=scene.machine.systemd.units.clear)
    why = refused(scene.create())
    assert why == UnitFailed("io-containerd-systemd-default-web-init.service", "done")


def test_f50_a_job_that_was_canceled_is_a_failed_create_although_its_unit_comes_up(
    scene: Scene,
) -> None:
    scene.bundle()
    scene.at(At.JOB, Does.NEVER_ANSWERS)
    scene.script.late_s = 1.0
    scene.at(At.UNIT_READ, Does.LATE)
    came_up: list[int] = []
    scene.at(At.UNIT_KILL, then=lambda: came_up.extend(scene.living()))
    assert refused(scene.create()) == UnitFailed(unit_of_init(), "canceled")
    assert len(came_up) == 1
    assert scene.left() == {}


def test_d46_a_start_job_that_never_ends_is_given_up_after_its_limit(scene: Scene) -> None:
    scene.bundle()
    scene.script.late_s = 500.0
    scene.at(At.RUNC_CREATE, Does.LATE)
    assert refused(scene.create()) == DeadlinePassed("start job", 130.0)
    assert scene.world.scheduler.now < LONG_S
    assert scene.shim.containers == {}


def test_d45_a_create_is_tried_once_so_that_hooks_do_not_run_twice(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.RUNC_CREATE, Does.FAILS_BEFORE)
    refused(scene.create())
    assert scene.script.calls.count(At.UNIT_START) == 1
    assert scene.script.calls.count(At.RUNC_CREATE) == 1


def test_runc_s_own_words_are_the_reason(scene: Scene) -> None:
    scene.bundle(None)
    assert refused(scene.create()) == RuncFailed(
        "create", 'exec: "missing": executable file not found in $PATH'
    )


def test_a_container_of_somebody_else_under_the_id_is_not_deleted(scene: Scene) -> None:
    scene.process(scene.created()).cgroup = "/somewhere/else"
    foreign = scene.oci()
    assert foreign is not None
    scene.machine.disk.records.clear()
    scene.machine.systemd.units.clear()
    scene.restart()
    scene.bundle()
    assert refused(scene.create()) == RuncFailed("create", "container with given ID already exists")
    assert scene.oci() is foreign
    assert scene.living() == [foreign.init.pid]


# What a failed Create could not take back.


STUBBORN: Final = (
    ("runc keeps it", At.RUNC_DELETE),
    ("its mounts are busy", At.UNMOUNT),
    ("its unit is not released", At.UNIT_RELEASE),
    ("its unit is not stopped", At.UNIT_STOP),
)


@pytest.mark.parametrize("at", [at for _, at in STUBBORN], ids=[name for name, _ in STUBBORN])
def test_what_cannot_be_taken_back_at_once_is_tried_again_later(scene: Scene, at: At) -> None:
    scene.bundle()
    scene.at(At.CONSOLE, Does.FAILS_BEFORE)
    scene.at(at, Does.FAILS_BEFORE)
    refused(scene.create(TERMINAL))
    assert scene.record() is not None
    scene.pass_time(LONG_S)
    assert scene.left() == {}
    assert scene.events() == []


@pytest.mark.parametrize("at", [at for _, at in STUBBORN], ids=[name for name, _ in STUBBORN])
def test_what_cannot_be_taken_back_at_once_is_taken_back_by_the_next_daemon(
    scene: Scene, at: At
) -> None:
    scene.bundle()
    scene.at(At.CONSOLE, Does.FAILS_BEFORE)
    scene.at(at, Does.FAILS_BEFORE)
    refused(scene.create(TERMINAL))
    scene.restart()
    assert scene.left() == {}
    assert scene.events() == []


def test_a_new_create_of_the_id_first_takes_back_what_the_failed_one_left(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, skips=1)
    refused(scene.create())
    assert scene.oci() is not None
    pid = scene.create().unwrap()
    assert scene.living() == [pid]
    assert scene.shim.remnants == []


def test_while_a_remnant_cannot_be_taken_back_its_id_is_not_free(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE, times=2)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, skips=1)
    refused(scene.create())
    assert refused(scene.create()) == ContainerExists("web")
    assert isinstance(scene.create(), Success)


@pytest.mark.parametrize("does", [Does.FAILS_BEFORE, Does.FAILS_AFTER])
def test_a_create_that_failed_at_its_last_record_is_not_brought_back_by_the_next_daemon(
    scene: Scene, does: Does
) -> None:
    """Whatever the disk has of the record whose save was told as failed."""
    scene.bundle()
    scene.at(At.RECORD_SAVE, does, skips=1)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    refused(scene.create())
    assert scene.oci() is not None
    scene.restart()
    assert scene.left() == {}
    assert scene.events() == []


# The caller.


@pytest.mark.parametrize("request_", [PLAIN, TERMINAL], ids=["plain", "terminal"])
def test_a_caller_that_leaves_at_any_moment_has_a_container_or_nothing(
    request_: CreateRequest,
) -> None:
    outcomes = set()
    for moment in range(60):
        scene = Scene(seed=moment)
        scene.bundle()
        caller = scene.serving.caller()
        scene.before_step(moment, caller.gone.open)
        outcome = scene.ask(create(scene.shim, caller, request_))
        outcomes.add(type(outcome))
        if isinstance(outcome, Success):
            assert scene.heard() == ["TaskCreated"]
            assert scene.living() == [outcome.unwrap()]
        else:
            assert isinstance(refused(outcome), CallerGone)
            assert scene.left() == {}
            assert scene.events() == []
    assert outcomes == {Success, Failure}


def test_d47_what_a_caller_who_left_began_is_taken_back_on_the_shim_s_own_time(
    scene: Scene,
) -> None:
    scene.bundle()
    scene.script.late_s = 50.0
    caller = scene.serving.caller()
    scene.at(At.RUNC_CREATE, Does.LATE, then=caller.gone.open)
    outcome = scene.ask(create(scene.shim, caller, asked()))
    assert refused(outcome) == CallerGone(f"start of {unit_of_init()}")
    assert scene.world.scheduler.now < limits.DEATH  # its kill ends the job at once
    scene.pass_time(LONG_S)
    assert scene.living() == []
    assert scene.shim.containers == {}
    assert scene.machine.disk.mounted == {}


def unit_of_init() -> str:
    return "io-containerd-systemd-default-web-init.service"


def test_f116_a_remnant_s_record_does_not_go_on_saying_that_it_was_created(scene: Scene) -> None:
    """Its save, told as failed, had said so; the next one was not taken (seed 54233)."""
    scene.bundle()
    scene.at(At.RECORD_SAVE, Does.FAILS_AFTER, skips=1)
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, skips=1)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    refused(scene.create())
    scene.restart()
    scene.pass_time(LONG_S)
    assert scene.heard() == []
    assert scene.left() == {}
