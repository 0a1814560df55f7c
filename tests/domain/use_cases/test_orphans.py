"""Units of ours that no record knows (F116, F119)."""

from typing import Final

import pytest

from domain import limits
from domain.identity import Pid
from domain.lifecycle import Phase
from domain.unit_definition import UnitDefinition, Value
from domain.unit_name import unit_name
from domain.use_cases.add_exec import add_exec
from sim.faults import At, Does
from sim.world.kernel import Program
from sim.world.runc import args_of
from tests.domain.client import EXEC, INIT, asked, exec_asked
from tests.domain.scene import Scene

PLAIN: Final[dict[str, Value]] = {"Type": "exec", "Slice": "system.slice", "TimeoutStopUSec": 0}


def left_over(scene: Scene, program: Program) -> None:
    """A unit with the name of the init's that somebody started, before any of us."""
    systemd = scene.machine.systemd
    systemd.start(UnitDefinition(unit_name(INIT), args_of(program), PLAIN), "somebody")
    systemd.disconnect("somebody")
    scene.pass_time()


def an_exec_nobody_knows(scene: Scene) -> None:
    """It runs, and the disk took none of the records that knew it."""
    scene.running()
    scene.pass_time()
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, times=100)
    scene.add_exec().unwrap()
    scene.start(EXEC).unwrap()
    scene.pass_time()
    scene.restart()
    scene.script.lines.clear()
    assert EXEC.exec_id not in scene.shim.containers[EXEC.owner].execs
    assert scene.unit(EXEC) is not None


def test_f116_the_unit_of_an_exec_that_no_record_knows_goes(scene: Scene) -> None:
    an_exec_nobody_knows(scene)
    scene.pass_time(limits.RESYNC * 2)
    assert scene.unit(EXEC) is None
    assert scene.unit(INIT) is not None
    scene.ends_well()


def test_f116_it_goes_later_where_systemd_did_not_answer(scene: Scene) -> None:
    an_exec_nobody_knows(scene)
    for at in (At.UNIT_LIST, At.UNIT_READ, At.UNIT_STOP, At.UNIT_RELEASE):
        scene.at(at, Does.FAILS_BEFORE)
    scene.pass_time(limits.RESYNC * 10)
    assert scene.unit(EXEC) is None
    scene.ends_well()


@pytest.mark.parametrize("program", [Program(exits=1), Program(runs_s=None)], ids=["over", "runs"])
def test_f119_a_container_is_left_for_its_create_or_delete_though_nobody_knows_it(
    scene: Scene, program: Program
) -> None:
    left_over(scene, program)
    scene.pass_time(limits.RESYNC * 2)
    assert scene.unit(INIT) is not None
    pid = scene.running()
    assert scene.living() == [pid]
    scene.ends_well()


def test_f116_an_exec_of_that_id_that_begins_meanwhile_is_not_hit(scene: Scene) -> None:
    an_exec_nobody_knows(scene)
    scene.pass_time(limits.RESYNC - scene.world.scheduler.now % limits.RESYNC - 1)
    pids: list[Pid] = []

    def begin_anew() -> None:
        scene.world.scheduler.spawn("begins anew", anew(), scene.serving.name)

    async def anew() -> None:
        await add_exec(scene.shim, exec_asked())
        pids.append((await scene.starting(EXEC)).unwrap())

    scene.at(At.UNIT_LIST, then=begin_anew)
    scene.at(At.UNIT_READ, Does.LATE)
    scene.pass_time(limits.RESYNC * 3)
    assert pids
    assert scene.view(EXEC).phase is Phase.RUNNING
    assert pids[0] in scene.living()
    scene.ends_well()


def test_f49_a_restore_takes_nothing_over_that_was_left_under_its_name(scene: Scene) -> None:
    left_over(scene, Program())
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    scene.restart()
    scene.pass_time()
    assert scene.view().exit is None
    scene.start().unwrap()
    scene.ends_well()
