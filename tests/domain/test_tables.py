"""The tables that hold the rules are held themselves: no row can change without a test noticing.

A row is taken out, pointed elsewhere or added, and small lives are played with the changed
table; one of them, or the test that holds the table, must fail.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from enum import Enum
from itertools import product
from typing import Final

import pytest
from returns.primitives.exceptions import UnwrapFailedError

from domain import lifecycle, unit_definition
from domain.exit_status import MainCode
from domain.lifecycle import Heard, Phase
from domain.refusal import Operation, WrongPhase
from domain.request import RuntimeOptions, Stdio
from domain.unit import Activity, JobResult, Whom
from domain.unit_definition import Value
from domain.use_cases import delete as deletes
from sim.faults import At, Does
from tests.domain.client import EXEC, INIT, asked, refused
from tests.domain.scene import Scene
from tests.domain.test_lifecycle import EVERY_PAIR, naively, pictured
from tests.domain.test_unit_definition import BOTH

Table = Mapping[tuple[Phase, Heard], Phase]
Life = Callable[[Scene], None]

TABLE: Final = dict(lifecycle.AFTER)
ALWAYS: Final = dict(unit_definition._ALWAYS)


def a_whole_life(scene: Scene) -> None:
    scene.created()
    scene.start().unwrap()
    assert scene.view().phase is Phase.RUNNING
    assert refused(scene.delete()) == WrongPhase(Operation.DELETE, Phase.RUNNING)
    scene.pause().unwrap()
    assert scene.view().phase is Phase.PAUSED
    assert refused(scene.delete()) == WrongPhase(Operation.DELETE, Phase.PAUSED)
    scene.resume().unwrap()
    assert scene.view().phase is Phase.RUNNING
    scene.kill().unwrap()
    scene.pass_time()
    assert scene.view().phase is Phase.EXITED
    init = scene.shim.containers[INIT.owner].init
    scene.delete().unwrap()
    assert init.phase is Phase.DELETED


def an_end_before_the_start(scene: Scene) -> None:
    scene.created()
    scene.kill().unwrap()
    scene.pass_time()
    assert scene.view().phase is Phase.EXITED


def an_end_while_frozen(scene: Scene) -> None:
    scene.running()
    scene.pause().unwrap()
    scene.kill().unwrap()
    scene.pass_time()
    assert scene.view().phase is Phase.EXITED


def a_start_that_fails(scene: Scene) -> None:
    scene.created()
    seen: list[Phase] = []
    scene.at(At.RUNC_START, Does.FAILS_BEFORE, then=lambda: seen.append(scene.view().phase))
    refused(scene.start())
    assert seen == [Phase.STARTING]
    assert scene.view().phase is Phase.EXITED


def an_exec_that_is_never_started(scene: Scene) -> None:
    scene.running()
    scene.add_exec().unwrap()
    [process] = scene.shim.containers[INIT.owner].execs.values()
    scene.delete(EXEC).unwrap()
    assert process.phase is Phase.DELETED


def a_container_that_is_never_restored(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.delete().unwrap()


def a_delete_while_it_starts(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.NEVER_ANSWERS)
    starting = scene.begin(scene.starting())
    scene.pass_time()
    assert refused(scene.delete()) == WrongPhase(Operation.DELETE, Phase.STARTING)
    refused(scene.answer(starting))


LIVES: Final[tuple[Life, ...]] = (
    a_whole_life,
    an_end_before_the_start,
    an_end_while_frozen,
    a_start_that_fails,
    an_exec_that_is_never_started,
    a_container_that_is_never_restored,
    a_delete_while_it_starts,
)


def goes_wrong(life: Life) -> bool:
    try:
        life(Scene())
    except (AssertionError, UnwrapFailedError):
        return True
    return False


def without_a_row() -> Iterator[Table]:
    for row in TABLE:
        yield {pair: phase for pair, phase in TABLE.items() if pair != row}


def with_a_row_that_points_elsewhere() -> Iterator[Table]:
    for row, phase in product(TABLE, Phase):
        if phase is not TABLE[row]:
            yield {**TABLE, row: phase}


def with_one_more_row() -> Iterator[Table]:
    for row, phase in product(EVERY_PAIR, Phase):
        if row not in TABLE:
            yield {**TABLE, row: phase}


def test_with_the_table_as_it_is_every_life_goes_well() -> None:
    assert [life for life in LIVES if goes_wrong(life)] == []


@pytest.mark.parametrize("changed", [*without_a_row(), *with_a_row_that_points_elsewhere()])
def test_a_row_of_the_lifecycle_that_is_missing_or_wrong_spoils_a_life(
    changed: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "AFTER", changed)
    assert any(goes_wrong(life) for life in LIVES)


@pytest.mark.parametrize(
    "changed", [*without_a_row(), *with_a_row_that_points_elsewhere(), *with_one_more_row()]
)
def test_any_change_of_the_lifecycle_disagrees_with_its_model_and_its_picture(
    changed: Table,
) -> None:
    assert any(naively(*pair) is not changed.get(pair) for pair in EVERY_PAIR)
    assert pictured() != changed


@pytest.mark.parametrize("phase", [Phase.CREATED, Phase.EXITED])
def test_a_phase_that_could_no_longer_be_deleted_spoils_a_life(
    phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletes, "DELETABLE", deletes.DELETABLE - {phase})
    assert any(goes_wrong(life) for life in LIVES)


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.RUNNING, Phase.PAUSED])
def test_a_phase_that_could_be_deleted_although_something_lives_spoils_a_life(
    phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletes, "DELETABLE", deletes.DELETABLE | {phase})
    assert any(goes_wrong(life) for life in LIVES)


def changed_values(value: Value) -> Iterator[Value]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case str():
            yield value + "x"
        case _:
            yield ()


@pytest.mark.parametrize("name", sorted(ALWAYS))
def test_a_property_of_every_unit_that_is_missing_or_different_is_noticed(name: str) -> None:
    """By the expectations of test_unit_definition.py, which each unit is held against."""
    assert BOTH[name] == ALWAYS[name]
    assert all(BOTH[name] != value for value in changed_values(ALWAYS[name]))


# What a request means that says nothing.

# containerd's own defaults (runc.v2's options.proto): a client that sends none counts on them.
UNSAID: Final[dict[str, object]] = {
    "binary": "runc",
    "root": "/run/containerd/runc",
    "no_pivot_root": False,
    "no_new_keyring": False,
    "systemd_cgroup": False,
    "io_uid": 0,
    "io_gid": 0,
    "criu_work_path": "",
}


def test_a_default_of_the_runtime_s_options_that_is_different_is_noticed() -> None:
    assert asdict(RuntimeOptions()) == UNSAID


def test_streams_that_nobody_named_are_none_and_no_terminal() -> None:
    assert asdict(Stdio()) == {"stdin": "", "stdout": "", "stderr": "", "terminal": False}


# Words of other programs: what they say is matched, what we say is read by them.


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        # `runc state` (runc 1.1 to 1.3, crun); it has no word for a task that is starting.
        ({Phase.CREATED, Phase.RUNNING, Phase.PAUSED}, {"created", "running", "paused"}),
        # org.freedesktop.systemd1: ActiveState, JobRemoved's result, KillUnit's whom.
        (set(Activity), {"activating", "active", "deactivating", "inactive", "failed"}),
        (
            set(JobResult),
            {"done", "failed", "canceled", "timeout", "dependency", "skipped"},
        ),
        (set(Whom), {"main", "all"}),
        # waitid(2)'s si_code, as ExecMainCode has it; 0 where nothing has ended.
        (set(MainCode), {0, 1, 2, 3}),
    ],
    ids=["runc state", "ActiveState", "job result", "whom", "ExecMainCode"],
)
def test_words_that_other_programs_say_or_read_are_theirs(
    ours: set[Enum], theirs: set[object]
) -> None:
    assert {each.value for each in ours} == theirs
