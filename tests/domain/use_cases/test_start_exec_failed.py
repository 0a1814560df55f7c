"""Start of an exec that fails: rule 6 of the issue (R073, R084, R088, R089)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Success

from domain import bundle_files
from domain.event import TaskExited
from domain.identity import ExecId
from domain.lifecycle import Phase
from domain.refusal import (
    DeadlinePassed,
    Refusal,
    RuncFailed,
    StdioFailed,
    SystemdAway,
    UnknownExec,
)
from domain.unit_name import unit_name
from sim.faults import At, Does
from sim.world.kernel import Program
from tests.domain.client import BUNDLE, EXEC, INIT, STAYS, WEB, asked, refused
from tests.domain.heard import in_short
from tests.domain.scene import Scene

QUICK: Final = Program(exits=3)
SH: Final = ExecId("sh")


def failed_start(scene: Scene) -> Refusal:
    why = refused(scene.start(EXEC))
    # R073: nothing of it is left, nobody waits on, no event but the one that it was added.
    assert scene.unit(EXEC) is None
    assert [process for _, process in scene.shim.units.values()] == [
        scene.shim.containers[INIT.owner].init
    ]
    assert scene.view(EXEC).phase is Phase.EXITED
    assert EXEC not in scene.serving.fifos.held
    assert EXEC not in scene.serving.terminals.held
    assert scene.living() == [scene.view().pid]
    assert scene.heard() == ["TaskCreated", "TaskStarted", "ExecAdded sh"]
    return why


def test_runc_s_own_words_say_why_an_exec_did_not_run(scene: Scene) -> None:
    scene.added(None)
    assert failed_start(scene) == RuncFailed(
        "exec", 'exec failed: exec: "missing": executable file not found in $PATH'
    )


FAILURES: Final[tuple[tuple[str, str, Callable[[Scene], None], type[Refusal]], ...]] = (
    ("fifos", "", lambda scene: scene.at(At.STDIO, Does.FAILS_BEFORE), DeadlinePassed),
    ("console", "t", lambda scene: scene.at(At.STDIO, Does.FAILS_BEFORE), DeadlinePassed),
    ("unit", "", lambda scene: scene.at(At.UNIT_START, Does.FAILS_BEFORE), SystemdAway),
    ("unit+t", "t", lambda scene: scene.at(At.UNIT_START, Does.FAILS_BEFORE), SystemdAway),
    ("runc", "", lambda scene: scene.at(At.RUNC_EXEC, Does.FAILS_BEFORE), RuncFailed),
    ("runc+t", "t", lambda scene: scene.at(At.RUNC_EXEC, Does.FAILS_BEFORE), RuncFailed),
)


@pytest.mark.parametrize(
    ("stdio", "goes_wrong", "why"),
    [each[1:] for each in FAILURES],
    ids=[each[0] for each in FAILURES],
)
def test_r084_an_exec_that_fails_to_start_takes_terminal_and_unit_down(
    scene: Scene, stdio: str, goes_wrong: Callable[[Scene], None], why: type[Refusal]
) -> None:
    scene.added(terminal=stdio == "t")
    goes_wrong(scene)
    assert isinstance(failed_start(scene), why)


def test_r073_an_exec_that_failed_to_start_stays_for_delete_and_wakes_who_waits(
    scene: Scene,
) -> None:
    scene.added(None)
    waiting = scene.begin(scene.waiting_for(EXEC))
    failed_start(scene)
    assert scene.answer(waiting).unwrap().status == 255
    assert scene.view(EXEC).phase is Phase.EXITED
    assert isinstance(scene.delete(EXEC), Success)
    assert scene.delete(EXEC) == Failure(UnknownExec("sh"))
    assert "TaskExited sh" not in scene.heard()


def test_a_failed_exec_does_not_hold_the_init_s_exit_back(scene: Scene) -> None:
    scene.added(None)
    failed_start(scene)
    scene.kill().unwrap()
    exit_ = scene.wait().unwrap()
    assert scene.machine.sink.got[-1:] != []
    scene.pass_time(0.5)
    assert scene.events()[-1] == TaskExited(INIT, scene.view().pid, exit_)


def test_an_init_s_exit_that_waited_for_a_start_leaves_as_soon_as_that_has_failed(
    scene: Scene,
) -> None:
    scene.added()
    scene.script.late_s = 1.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    starting = scene.begin(scene.starting(EXEC))
    scene.pass_time(0.5)
    scene.kill().unwrap()
    scene.pass_time(0.2)
    assert "TaskExited" not in [in_short(each) for each in scene.machine.sink.got]
    assert isinstance(scene.answer(starting), Failure)
    scene.pass_time(0.1)  # not the two seconds after which nothing is waited for
    assert in_short(scene.machine.sink.got[-1]) == "TaskExited"


def test_s3_an_init_s_exit_waits_for_a_start_that_succeeds_and_for_that_program_s_exit(
    scene: Scene,
) -> None:
    scene.added()
    scene.script.late_s = 0.5
    # The program runs, and before its start could be told the init ends, and it too.
    scene.at(At.PROCESS, Does.LATE, then=lambda: scene.ends(scene.view().pid, 3))
    assert isinstance(scene.start(EXEC), Success)
    assert scene.heard()[-3:] == ["ExecStarted sh", "TaskExited sh", "TaskExited"]


def test_a_failed_start_owes_no_exit_when_its_exec_is_deleted(scene: Scene) -> None:
    scene.added(None)
    failed_start(scene)
    scene.delete(EXEC).unwrap()
    scene.pass_time()
    assert scene.shim.containers[INIT.owner].departed == []


def test_a_terminal_that_never_comes_is_a_failed_start_of_a_program_that_ran(
    scene: Scene,
) -> None:
    """It has run, so a start and an exit are told; but nobody will use it, so it is killed."""
    scene.added(terminal=True)
    scene.at(At.CONSOLE, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.start(EXEC)), StdioFailed)
    assert scene.wait(EXEC).unwrap().status == 137
    assert scene.living() == [scene.view().pid]
    assert scene.heard()[-2:] == ["ExecStarted sh", "TaskExited sh"]


def test_a_container_that_is_paused_lets_runc_say_so(scene: Scene) -> None:
    scene.added()
    scene.pause().unwrap()
    why = refused(scene.start(EXEC))
    assert isinstance(why, RuncFailed)
    assert "cannot exec in a paused container" in why.reason


def test_without_runc_s_words_the_job_s_result_is_told(scene: Scene) -> None:
    scene.added()
    scene.at(At.JOB, Does.FAILS_AFTER)  # skipped by a condition (F59)
    assert refused(scene.start(EXEC)) == RuncFailed(
        "exec", "unit io-containerd-systemd-default-web-sh-exec.service: done"
    )


def test_f50_of_a_job_that_was_canceled_nobody_comes_up_after_the_answer(scene: Scene) -> None:
    scene.added()
    scene.at(At.JOB, Does.NEVER_ANSWERS)
    scene.script.late_s = 1.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    assert failed_start(scene) == RuncFailed("exec", f"unit {unit_name(EXEC)}: canceled")
    scene.pass_time(5.0)
    assert scene.living() == [scene.view().pid]


def test_f50_a_program_that_came_up_for_all_a_canceled_job_has_started(scene: Scene) -> None:
    scene.added()
    scene.at(At.JOB, Does.NEVER_ANSWERS)
    scene.script.late_s = 1.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    scene.at(At.RECORD_READ, Does.LATE)  # by the time that its pid file is read it is there
    assert isinstance(scene.start(EXEC), Success)
    assert scene.view(EXEC).phase is Phase.RUNNING
    assert scene.view(EXEC).pid in scene.living()


# Debug.


def in_debug(*, debug: bool) -> RuncFailed:
    scene = Scene()
    scene.bundle()
    scene.create(asked(debug=debug)).unwrap()
    scene.start().unwrap()
    scene.add_exec(None).unwrap()
    why = refused(scene.start(EXEC))
    assert isinstance(why, RuncFailed)
    return why


def test_r088_debug_shows_the_exec_s_definition_process_file_and_log() -> None:
    evidence = {each.heading: each.text for each in in_debug(debug=True).evidence}
    assert list(evidence) == ["unit", "process.json", "runc debug"]
    assert "Type=notify" in evidence["unit"]
    assert '"missing"' in evidence["process.json"]
    assert "executable file not found" in evidence["runc debug"]


def test_r088_without_debug_there_is_none() -> None:
    assert in_debug(debug=False).evidence == ()


def test_r088_only_what_can_be_read_is_shown(scene: Scene) -> None:
    scene.bundle()
    scene.create(asked(debug=True)).unwrap()
    scene.start().unwrap()
    scene.add_exec().unwrap()
    files = scene.machine.disk.bundles[BUNDLE].files
    files.pop(bundle_files.exec_spec(BUNDLE, SH))
    scene.at(At.JOB, Does.FAILS_AFTER)  # and so runc leaves no log
    why = refused(scene.start(EXEC))
    assert isinstance(why, RuncFailed)
    assert [each.heading for each in why.evidence] == ["unit"]


def test_an_exec_whose_start_an_administrator_canceled_does_not_come_up_later(
    scene: Scene,
) -> None:
    """Its runc is still at work when the job is over (F52, S34)."""
    scene.added(STAYS)
    scene.script.late_s = 5.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    scene.at(At.RECORD_READ, Does.LATE, skips=1)  # of runc's log, after the pid file
    starting = scene.begin(scene.starting(EXEC))
    scene.pass_time()
    scene.administrator_stops(EXEC)
    assert isinstance(refused(scene.answer(starting)), RuncFailed)
    assert scene.living() == [scene.view().pid]


def test_f94_a_program_that_came_late_since_a_kill_was_lost_is_ended(scene: Scene) -> None:
    """Set up by runc after the pid file was looked for, and before all of the unit was killed."""
    scene.added(STAYS)
    init = scene.view().pid

    def set_up() -> None:
        kernel = scene.world.kernel
        program = kernel.fork(scene.process(init).cgroup, unit=unit_name(EXEC))
        kernel.execute(program, STAYS)
        scene.machine.disk.write(bundle_files.pid_file(BUNDLE, EXEC.exec_id), str(program.pid))

    scene.at(At.UNIT_START, Does.FAILS_BEFORE)
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    scene.at(At.UNIT_KILL, then=set_up)
    assert isinstance(refused(scene.start(EXEC)), SystemdAway)
    assert scene.living() == [init]


def test_a_start_that_had_failed_when_the_daemon_died_is_no_start_for_the_next(
    scene: Scene,
) -> None:
    """Whatever lies in the pid file by then (seed 109338): a start without an exit was told."""
    scene.added(STAYS)
    scene.at(At.UNIT_START, Does.FAILS_BEFORE)
    scene.dies_at(At.UNIT_STOP, scene.starting(EXEC))
    record = scene.record()
    assert record is not None
    scene.machine.disk.records[WEB, record.life] = replace(
        record, execs=tuple(replace(each, never_ran=True) for each in record.execs)
    )
    scene.machine.disk.write(bundle_files.pid_file(BUNDLE, EXEC.exec_id), "77")
    scene.boot()
    assert scene.wait(EXEC).unwrap().status == 255
    assert scene.heard() == ["TaskCreated", "TaskStarted", "ExecAdded sh"]
    scene.ends_well()


def test_s34_a_program_that_is_set_up_while_its_canceled_unit_is_killed_has_started(
    scene: Scene,
) -> None:
    """The pid file is read once more after the KILL: it says who ran."""
    scene.added(STAYS)
    init = scene.view().pid
    programs = []

    def set_up() -> None:
        kernel = scene.world.kernel
        program = kernel.fork(scene.process(init).cgroup, unit=unit_name(EXEC))
        kernel.execute(program, STAYS)
        scene.machine.disk.write(bundle_files.pid_file(BUNDLE, EXEC.exec_id), str(program.pid))
        programs.append(program.pid)

    scene.script.late_s = 5.0
    scene.at(At.RUNC_EXEC, Does.LATE)
    scene.at(At.UNIT_KILL, then=set_up)
    starting = scene.begin(scene.starting(EXEC))
    scene.pass_time()
    scene.administrator_stops(EXEC)
    assert [scene.answer(starting).unwrap()] == programs
