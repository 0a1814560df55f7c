"""Create: what is made, and what a second one is told (R036, R060, R065)."""

from dataclasses import replace

import pytest
from returns.result import Failure, Success

from domain import bundle_files
from domain.event import TaskCreated
from domain.identity import NO_PID, Namespace
from domain.lifecycle import Phase
from domain.refusal import (
    ContainerExists,
    Evidence,
    RuncFailed,
)
from domain.request import RuntimeOptions
from domain.use_cases.create import create
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import BUNDLE, INIT, ROOTFS, STAYS, WEB, asked, refused
from tests.domain.scene import Scene


def test_r060_a_create_answers_the_pid_of_a_paused_init_and_tells_of_it(scene: Scene) -> None:
    scene.bundle(Program(exits=0))
    answer = scene.create()
    assert scene.events() == [TaskCreated(WEB, BUNDLE, ROOTFS, asked().stdio, "", scene.view().pid)]
    assert answer == Success(scene.view().pid)
    assert scene.view().phase is Phase.CREATED
    assert scene.living() == [scene.view().pid]
    init = scene.process(scene.view().pid)
    assert init.program is None  # not let go


def test_d54_the_container_s_cgroup_is_put_inside_its_unit_s(scene: Scene) -> None:
    pid = scene.created()
    unit = scene.unit()
    assert unit is not None
    assert scene.process(pid).cgroup == f"{unit.cgroup}/container"


def test_the_unit_is_in_the_slice_that_the_bundle_asks_for(scene: Scene) -> None:
    scene.bundle()
    scene.machine.disk.bundles[BUNDLE].cgroups_path = "kube.slice:cri:web"
    scene.create(asked(options=RuntimeOptions(systemd_cgroup=True))).unwrap()
    unit = scene.unit()
    assert unit is not None
    assert unit.definition.properties["Slice"] == "kube.slice"
    assert scene.machine.disk.bundles[BUNDLE].cgroups_path == f"{unit.cgroup}/container"


def test_without_mounts_in_the_request_none_are_made_or_taken_off(scene: Scene) -> None:
    scene.bundle(Program(exits=0))
    scene.create(asked(rootfs=())).unwrap()
    scene.start().unwrap()
    scene.wait().unwrap()
    scene.delete().unwrap()
    assert not {At.MOUNT, At.UNMOUNT} & set(scene.script.calls)


def test_r065_a_checkpoint_is_restored_by_start_and_until_then_nobody_is_there(
    scene: Scene,
) -> None:
    scene.bundle()
    assert scene.create(asked(checkpoint="/ckpt")) == Success(NO_PID)
    assert scene.view().phase is Phase.CREATED
    assert scene.unit() is None
    [event] = scene.events()
    assert isinstance(event, TaskCreated)
    assert (event.pid, event.checkpoint) == (NO_PID, "/ckpt")
    assert scene.serving.fifos.held == {}


def test_s30_the_record_is_there_before_anybody_is_asked_for_a_process(scene: Scene) -> None:
    scene.bundle()
    created: list[bool] = []

    def look() -> None:
        record = scene.record()
        assert record is not None
        created.append(record.created)

    scene.at(At.UNIT_START, then=look)
    scene.create().unwrap()
    look()
    assert created == [False, True]


# Second creates.


def test_r036_a_second_create_is_refused_and_the_living_one_untouched(scene: Scene) -> None:
    pid = scene.running()
    scene.pass_time()
    before = scene.script.calls[:]
    assert scene.create() == Failure(ContainerExists("web"))
    assert scene.script.calls == before
    assert scene.living() == [pid]
    assert scene.view().phase is Phase.RUNNING


def test_of_two_creates_at_once_one_wins_and_the_other_touches_nothing(scene: Scene) -> None:
    scene.bundle()
    calls = [scene.begin(create(scene.shim, scene.serving.caller(), asked())) for _ in range(2)]
    answers = [scene.answer(call) for call in calls]
    assert sorted(isinstance(each, Success) for each in answers) == [False, True]
    assert Failure(ContainerExists("web")) in answers
    assert scene.script.calls.count(At.RUNC_CREATE) == 1
    assert scene.heard() == ["TaskCreated"]


def test_one_id_in_two_namespaces_is_two_containers(scene: Scene) -> None:
    pid = scene.created()
    other = replace(WEB, namespace=Namespace("other"))
    path = "/run/bundles/other"
    scene.bundle(path=path)
    answer = scene.create(replace(asked(), owner=other, bundle=path))
    assert answer.unwrap() != pid
    assert len(scene.machine.systemd.units) == 2


def test_the_id_of_a_failed_create_is_free_at_once(scene: Scene) -> None:
    scene.bundle()
    scene.at(At.MOUNT, Does.FAILS_BEFORE)
    refused(scene.create())
    assert isinstance(scene.create(), Success)


def test_f48_a_unit_left_over_under_the_name_is_swept_away_once(scene: Scene) -> None:
    pid = scene.running()
    # A daemon that has lost its records: all that it has is a stranger under its own name.
    scene.machine.disk.records.clear()
    scene.machine.oci.containers.clear()
    scene.restart()
    scene.bundle()
    again = scene.create()
    assert again.unwrap() != pid
    assert scene.living() == [again.unwrap()]


# Debug.


def test_without_debug_a_failure_carries_no_evidence(scene: Scene) -> None:
    scene.bundle(None)
    why = refused(scene.create())
    assert isinstance(why, RuncFailed)
    assert why.evidence == ()


def test_in_debug_mode_a_failure_carries_the_definition_and_what_can_be_read(
    scene: Scene,
) -> None:
    scene.bundle(None)
    why = refused(scene.create(asked(debug=True)))
    assert isinstance(why, RuncFailed)
    assert [each.heading for each in why.evidence] == ["unit", "runc debug"]
    assert "Description=Container default/web" in why.evidence[0].text
    assert "executable file not found" in why.evidence[1].text


def test_in_debug_mode_the_container_s_configuration_is_shown_where_it_can_be_read(
    scene: Scene,
) -> None:
    scene.bundle(STAYS)
    scene.machine.disk.bundles[BUNDLE].files[bundle_files.config(BUNDLE)] = "{}"
    scene.at(At.RUNC_CREATE, Does.FAILS_BEFORE)
    why = refused(scene.create(asked(debug=True)))
    assert isinstance(why, RuncFailed)
    assert Evidence("process.json", "{}") in why.evidence


@pytest.mark.parametrize("stdio", ["fifos", "terminal"])
def test_a_create_holds_the_fifos_or_the_terminal_of_its_init(scene: Scene, stdio: str) -> None:
    scene.bundle()
    scene.create(asked(terminal=stdio == "terminal")).unwrap()
    assert list(scene.serving.fifos.held) == ([INIT] if stdio == "fifos" else [])
    assert list(scene.serving.terminals.held) == ([INIT] if stdio == "terminal" else [])


def test_an_init_that_ends_before_its_create_is_answered_is_told_at_once(scene: Scene) -> None:
    """Its end is a Create's to judge until then: a hint that came meanwhile is not lost (L1)."""
    scene.bundle()
    scene.script.late_s = 5.0
    scene.at(At.CONSOLE, Does.LATE, then=lambda: scene.ends(scene.living()[-1], 0))
    scene.create(asked(terminal=True)).unwrap()
    scene.pass_time()
    assert scene.heard() == ["TaskCreated", "TaskExited"]
