"""Now and then everything is looked at again (F56, L5)."""

from domain import limits
from domain.lifecycle import Phase
from sim.faults import At, Does
from tests.domain.client import EXEC
from tests.domain.scene import Scene


def test_every_tracked_unit_is_read_again_at_the_interval_and_not_more_often(
    scene: Scene,
) -> None:
    scene.with_exec()
    scene.pass_time()
    before = scene.script.calls.count(At.UNIT_READ)
    scene.pass_time(limits.RESYNC * 3)
    assert scene.script.calls.count(At.UNIT_READ) == before + 3 * len(["init", "exec"])


def test_it_goes_on_for_ever(scene: Scene) -> None:
    pid = scene.with_exec()
    scene.pass_time(limits.RESYNC * 20)
    scene.at(At.HINT, Does.NEVER_ARRIVES, times=10)
    scene.ends(pid, 2)
    scene.pass_time(limits.RESYNC * 2)
    assert scene.view(EXEC).phase is Phase.EXITED


def test_a_reference_that_could_not_be_taken_is_taken_later(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.at(At.UNIT_ADOPT, Does.FAILS_BEFORE)
    scene.restart()
    unit = scene.unit()
    assert unit is not None
    assert scene.serving.name not in unit.refs
    scene.pass_time(limits.RESYNC * 2)
    assert scene.serving.name in unit.refs
