"""What nobody waits for and goes wrong is said to the operator: what, of whom, and why.

Who asks gets a refusal; the rest has nobody but the journal, and people search it for words.
"""

from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Result

from domain.ports.log import Level
from domain.refusal import (
    BundleFailed,
    CgroupFailed,
    MountFailed,
    Refusal,
    RuncFailed,
    StdioFailed,
)
from domain.unit_name import unit_name
from sim.faults import At, Does
from sim.world.disk import FULL
from sim.world.host import FakeCgroups
from sim.world.kernel import Program
from sim.world.units import AWAY
from tests.domain.client import EXEC, INIT, WEB, asked, refused
from tests.domain.operator import Said, listening, restarted
from tests.domain.scene import Scene

THREE: Final = Program(exits=3)
UNIT: Final = unit_name(INIT)
BUSY: Final = MountFailed("device or resource busy")


def lost(about: object, what: str, why: Refusal) -> tuple[Level, object, str]:
    return (Level.WARNING, about, f"{what}: {why}")


# Of a Delete.


@pytest.mark.parametrize(("at", "what"), [(At.UNIT_STOP, "stopped"), (At.UNIT_RELEASE, "released")])
def test_a_unit_that_is_not_let_go_is_said(scene: Scene, at: At, what: str) -> None:
    scene.exited(THREE)
    heard = listening(scene)
    scene.at(at, Does.FAILS_BEFORE)
    refused(scene.delete())
    assert heard.warnings == [lost(INIT, f"{UNIT} is not {what}", AWAY)]


def test_the_files_of_a_deleted_exec_that_stay_are_said(scene: Scene) -> None:
    scene.with_exec(THREE)
    scene.wait(EXEC).unwrap()
    scene.pass_time()
    heard = listening(scene)
    scene.at(At.BUNDLE, Does.FAILS_BEFORE)
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    assert heard.warnings == [lost(EXEC, "the files of a deleted exec stay", BundleFailed(FULL))]


def test_a_root_file_system_that_stays_mounted_is_said(scene: Scene) -> None:
    scene.exited(THREE)
    heard = listening(scene)
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    refused(scene.delete())
    assert heard.warnings == [lost(WEB, "the root file system stays mounted", BUSY)]


def test_a_unit_that_could_not_be_killed_is_said(scene: Scene) -> None:
    scene.created()
    heard = listening(scene)
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    scene.delete().unwrap()
    assert heard.warnings == [lost(INIT, f"{UNIT} is not killed", AWAY)]


def test_a_unit_that_is_gone_is_as_good_as_killed_and_nothing_is_said(scene: Scene) -> None:
    scene.created()
    heard = listening(scene)
    scene.machine.systemd.units.clear()
    scene.delete().unwrap()
    assert heard.warnings == []


class BusyCgroups(FakeCgroups):
    """Cgroups that cannot be removed; remembers which were to be."""

    asked_for: str = ""

    async def remove(self, cgroup: str) -> Result[None, CgroupFailed]:
        self.asked_for = cgroup
        return Failure(CgroupFailed("busy"))


def test_the_unit_s_own_cgroup_goes_with_the_container_and_is_said_to_be_left_if_not(
    scene: Scene,
) -> None:
    cgroups = BusyCgroups(scene.world)
    scene.shim.ports = replace(scene.shim.ports, cgroups=cgroups)
    heard = listening(scene)
    scene.exited(THREE)
    assert cgroups.asked_for == f"/system.slice/{UNIT}"
    assert heard.warnings == [lost(WEB, f"/system.slice/{UNIT} is left", CgroupFailed("busy"))]


def test_the_unit_s_cgroup_stays_while_runc_keeps_the_container(scene: Scene) -> None:
    cgroups = BusyCgroups(scene.world)
    scene.shim.ports = replace(scene.shim.ports, cgroups=cgroups)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    scene.exited(THREE)
    assert cgroups.asked_for == ""


def test_the_record_of_a_deleted_container_that_stays_is_said(scene: Scene) -> None:
    scene.exited(THREE)
    heard = listening(scene)
    scene.at(At.RECORD_REMOVE, Does.FAILS_BEFORE)
    scene.delete().unwrap()
    scene.pass_time()
    [(level, about, text)] = heard.warnings
    assert (level, about) == (Level.WARNING, WEB)
    assert text.startswith("the record of a deleted container stays: RecordFailed(")


# Of a Create that is taken back.


def test_a_container_that_runc_keeps_after_a_failed_create_is_said(scene: Scene) -> None:
    scene.bundle()
    heard = listening(scene)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    scene.at(At.RUNC_DELETE, Does.FAILS_BEFORE)
    refused(scene.create())
    why = RuncFailed("delete", "device or resource busy")
    assert heard.warnings == [lost(WEB, "runc keeps the container", why)]


def test_a_failed_create_that_is_taken_back_whole_says_nothing(scene: Scene) -> None:
    scene.bundle()
    heard = listening(scene)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    refused(scene.create())
    assert heard.warnings == []


# Of an end.


def ended(scene: Scene, *, private: bool) -> list[Said]:
    """What is said of the end of a container that shares its namespace, or does not."""
    pid = scene.running(private=private)
    scene.pass_time()
    heard = listening(scene)
    scene.ends(pid, 3)
    scene.wait().unwrap()
    scene.pass_time()
    return heard.said


def test_an_exit_is_an_operator_s_news(scene: Scene) -> None:
    assert (Level.INFO, INIT, "exited with 3") in ended(scene, private=True)


def test_the_exit_of_an_exec_is_not_for_probes_run_every_few_seconds(scene: Scene) -> None:
    scene.running()
    heard = listening(scene)
    scene.add_exec(THREE).unwrap()
    scene.start(EXEC).unwrap()
    scene.wait(EXEC).unwrap()
    assert (Level.DEBUG, EXEC, "exited with 3") in heard.said


def test_processes_that_stay_in_a_shared_namespace_are_said(scene: Scene) -> None:
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    said = ended(scene, private=False)
    assert lost(WEB, "processes left in the container", AWAY) in said


def test_processes_that_went_with_their_cgroup_are_nothing_to_say(scene: Scene) -> None:
    scene.at(At.UNIT_KILL, then=scene.machine.systemd.units.clear)
    said = ended(scene, private=False)
    assert [each for each in said if each[0] >= Level.WARNING] == []


def test_a_killed_container_that_stays_frozen_is_said(scene: Scene) -> None:
    scene.running()
    heard = listening(scene)
    scene.at(At.THAW, Does.FAILS_BEFORE)
    scene.kill().unwrap()
    why = CgroupFailed("device busy")
    assert lost(INIT, "a process may stay frozen", why) in heard.said


def test_a_unit_that_cannot_be_read_is_no_operator_s_news(scene: Scene) -> None:
    """It is read again; only who looks for a cause wants to know."""
    pid = scene.running()
    scene.pass_time()
    heard = listening(scene)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    scene.ends(pid, 3)
    scene.wait().unwrap()
    assert (Level.DEBUG, INIT, f"cannot read the unit now: {AWAY}") in heard.said
    assert heard.warnings == []


# Of a new daemon.


def test_a_unit_without_a_reference_is_said(scene: Scene) -> None:
    scene.running()
    scene.pass_time()
    scene.at(At.UNIT_ADOPT, Does.FAILS_BEFORE)
    assert restarted(scene).warnings == [lost(INIT, f"{UNIT} has no reference", AWAY)]


def test_a_terminal_that_is_lost_is_said(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(terminal=True)).unwrap()
    scene.start().unwrap()
    scene.pass_time()
    assert restarted(scene).warnings == [(Level.WARNING, INIT, "the terminal is lost")]


def test_stdio_that_is_not_held_is_said(scene: Scene) -> None:
    """A client that is done has removed its FIFOs."""
    scene.running()
    scene.pass_time()
    scene.crash()
    pipes = scene.machine.pipes
    pipes.fifos.clear()
    pipes.made_by_clients = False
    heard = listening(scene)
    scene.boot()
    why = StdioFailed("/fifo/in: no such FIFO")
    assert heard.warnings == [lost(INIT, "stdio is not held", why)]


def test_a_new_daemon_that_finds_everything_says_nothing(scene: Scene) -> None:
    scene.with_exec()
    scene.pass_time()
    assert restarted(scene).warnings == []


def test_a_delete_that_cannot_be_finished_yet_is_said(scene: Scene) -> None:
    scene.exited(THREE)
    scene.dies_at(At.UNMOUNT, scene.deleting())
    heard = listening(scene)
    scene.at(At.UNMOUNT, Does.FAILS_BEFORE)
    scene.boot()
    scene.pass_time()
    why = MountFailed("root file system is busy")
    assert lost(WEB, "its delete cannot be finished yet", why) in heard.said
