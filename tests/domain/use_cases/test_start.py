"""Start of an init: the rules 1 to 5 and 7 of the issue, and the seed's branches R070 to R082."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Result, Success

from domain import bundle_files
from domain.event import TaskExited, TaskStarted
from domain.exit_status import Exit, MainCode
from domain.identity import (
    NO_PID,
    ContainerId,
    ContainerKey,
    ExecId,
    Namespace,
    Pid,
    ProcessKey,
)
from domain.lifecycle import Phase
from domain.refusal import (
    BeingDeleted,
    CallerGone,
    DeadlinePassed,
    Operation,
    Refusal,
    RuncFailed,
    StdioFailed,
    SystemdAway,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.use_cases.delete import Departed
from domain.use_cases.query import wait
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.scheduler import Task
from sim.world.kernel import SIGKILL, Program
from tests.domain.scene import BUNDLE, EXEC, INIT, LONG_S, STAYS, WEB, Scene, asked, refused

GONE: Final = Program(exits=0)


# Rule 1: what is not known.


def test_r071_an_unknown_container_is_not_found(scene: Scene) -> None:
    assert scene.start() == Failure(UnknownContainer("web"))
    assert set(scene.script.calls) == {At.RECORD_READ}  # what booting reads


def test_r071_the_container_is_looked_for_before_the_exec(scene: Scene) -> None:
    assert scene.start(EXEC) == Failure(UnknownContainer("web"))


def test_r071_an_unknown_exec_is_not_found_and_nothing_is_touched(scene: Scene) -> None:
    scene.created()
    scene.pass_time()
    before = scene.script.calls[:]
    assert scene.start(EXEC) == Failure(UnknownExec("sh"))
    assert scene.script.calls == before


def test_s33_the_same_id_in_another_namespace_is_another_container(scene: Scene) -> None:
    scene.created()
    other = ProcessKey(ContainerKey(Namespace("other"), ContainerId("web")))
    assert scene.start(other) == Failure(UnknownContainer("web"))
    assert scene.view().phase is Phase.CREATED


# Rule 2: only what is created is started.


def nothing(_: Scene) -> None:
    pass


def pause(scene: Scene) -> None:
    scene.pause().unwrap()


def die(scene: Scene) -> None:
    scene.kill().unwrap()
    scene.wait().unwrap()


@pytest.mark.parametrize(
    ("arrange", "phase"),
    [(nothing, Phase.RUNNING), (pause, Phase.PAUSED), (die, Phase.EXITED)],
    ids=["running", "paused", "exited"],
)
def test_d04_a_second_start_is_refused_before_runc_and_hurts_nobody(
    scene: Scene, arrange: Callable[[Scene], None], phase: Phase
) -> None:
    scene.running()
    arrange(scene)
    scene.pass_time()
    living, before = scene.living(), scene.script.calls[:]
    why = refused(scene.start())
    assert isinstance(why, WrongPhase)
    assert (why.operation, why.phase) == (Operation.START, phase)
    assert scene.script.calls == before
    assert scene.living() == living


def test_r078_a_start_of_an_exited_init_says_its_state(scene: Scene) -> None:
    pid = scene.created()
    scene.ends(pid, 3)
    exit_ = scene.wait().unwrap()
    assert refused(scene.start()) == WrongPhase(
        Operation.START, Phase.EXITED, f"pid: {pid}, code: 3, exitedAt: {exit_.at}"
    )
    assert At.RUNC_START not in scene.script.calls


def test_r078_a_start_says_the_pid_of_one_that_runs(scene: Scene) -> None:
    pid = scene.running()
    assert refused(scene.start()) == WrongPhase(Operation.START, Phase.RUNNING, f"pid: {pid}")


def test_a_start_while_the_exit_is_being_written_down_is_refused(scene: Scene) -> None:
    pid = scene.created()
    scene.pass_time()
    starts: list[Task[Result[Pid, Refusal]]] = []
    scene.at(At.RECORD_SAVE, then=lambda: starts.append(begun(scene)))
    scene.ends(pid, 3)
    scene.pass_time()
    assert isinstance(refused(starts[0].outcome()), WrongPhase)
    assert At.RUNC_START not in scene.script.calls
    assert scene.heard() == ["TaskCreated", "TaskExited"]


def test_d04_of_two_starts_at_once_one_wins_and_the_other_has_no_side_effect() -> None:
    for seed in range(10):
        scene = Scene(seed)
        pid = scene.created()
        calls = [scene.begin(start(scene.shim, scene.caller(), INIT)) for _ in range(2)]
        answers = [scene.answer(call) for call in calls]
        [loser] = [each for each in answers if each != Success(pid)]
        assert refused(loser) == WrongPhase(Operation.START, Phase.STARTING, f"pid: {pid}")
        assert scene.script.calls.count(At.RUNC_START) == 1
        assert scene.heard() == ["TaskCreated", "TaskStarted"]
        assert scene.living() == [pid]


def test_h13_a_start_while_delete_is_under_way_is_refused(scene: Scene) -> None:
    scene.created()
    starts: list[Task[Result[Pid, Refusal]]] = []
    scene.at(At.RUNC_DELETE, then=lambda: starts.append(begun(scene)))
    scene.delete().unwrap()
    [begun_late] = starts
    assert scene.answer(begun_late) in {
        Failure(BeingDeleted("web")),
        Failure(UnknownContainer("web")),
    }
    assert At.RUNC_START not in scene.script.calls


def begun(scene: Scene) -> Task[Result[Pid, Refusal]]:
    return scene.begin(start(scene.shim, scene.caller(), INIT))


# Rule 3: runc refuses.


def test_r079_a_start_that_runc_refuses_kills_the_unit_and_tells_255(scene: Scene) -> None:
    pid = scene.created()
    waiting = [scene.begin(wait(scene.shim, scene.caller(), INIT)) for _ in range(3)]
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    assert refused(scene.start()) == RuncFailed("start", "container does not exist")
    assert scene.living() == []
    exit_ = scene.view().exit
    assert exit_ is not None
    assert exit_.status == 255
    assert exit_.at <= scene.world.wall()
    # D06: every waiter is woken, and Wait, State, Delete and the event agree.
    assert [scene.answer(each) for each in waiting] == [Success(exit_)] * 3
    assert scene.wait() == Success(exit_)
    assert scene.events()[1:] == [TaskExited(INIT, pid, exit_)]
    assert scene.view().phase is Phase.EXITED
    assert scene.delete() == Success(Departed(pid, exit_))
    assert scene.heard() == ["TaskCreated", "TaskExited", "TaskDeleted"]
    assert scene.left() == {}


def test_r079_no_start_is_told_of_a_program_that_runc_let_go_before_it_failed(
    scene: Scene,
) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    assert refused(scene.start()) == RuncFailed("start", "runc did not terminate successfully")
    assert scene.living() == []
    assert scene.heard() == ["TaskCreated", "TaskExited"]
    assert scene.wait().unwrap().status == 255


def test_r079_an_exit_before_our_kill_is_its_own(scene: Scene) -> None:
    scene.created(Program(exits=42))
    # runc let it go, it ended, and only then did runc fail.
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    scene.at(At.UNIT_READ, Does.LATE)
    refused(scene.start())
    assert scene.wait().unwrap().status == 42
    assert At.UNIT_KILL not in scene.script.calls
    assert scene.heard() == ["TaskCreated", "TaskExited"]


def test_r079_an_exit_between_the_look_and_our_kill_is_its_own(scene: Scene) -> None:
    pid = scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.UNIT_KILL, then=lambda: scene.ends(pid, 7))
    refused(scene.start())
    assert scene.wait().unwrap().status == 7


def test_r079_a_kill_of_somebody_else_before_ours_counts(scene: Scene) -> None:
    pid = scene.created()
    scene.at(At.RUNC_START, then=lambda: scene.ends(pid, SIGKILL, MainCode.KILLED))
    # The first look fails, and so cannot tell; the time that systemd notes does.
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE)
    scene.at(At.SIGCHLD)
    scene.at(At.UNIT_KILL, Does.LATE)
    assert isinstance(refused(scene.start()), RuncFailed)
    exit_ = scene.wait().unwrap()
    assert exit_.status == 137
    assert exit_.at < scene.world.wall() - 10**9


def test_r079_our_own_kill_is_never_the_status(scene: Scene) -> None:
    """Whenever systemd shows it: at once, or (LATE) only after many looks."""
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.script.late_s = 5.0
    scene.at(At.SIGCHLD, Does.LATE)
    refused(scene.start())
    assert scene.wait().unwrap().status == 255


@pytest.mark.parametrize("late_s", [0.0, 0.02, 0.3, 5.0, 9.0, 20.0, 40.0])
def test_r079_the_outcome_does_not_depend_on_how_fast_the_second_read_is(late_s: float) -> None:
    scene = Scene()
    scene.created()
    scene.script.late_s = late_s
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    scene.at(At.UNIT_READ, Does.LATE, skips=1)
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.wait().unwrap().status == 255


@pytest.mark.parametrize("seed", range(20))
def test_r079_a_program_that_ended_by_itself_is_told_so_or_as_255(seed: int) -> None:
    scene = Scene(seed)
    scene.created(Program(exits=42))
    scene.at(At.RUNC_START, Does.FAILS_AFTER)
    refused(scene.start())
    assert scene.wait().unwrap().status in {42, 255}
    assert scene.view().exit == scene.wait().unwrap()


def test_r079_255_when_systemd_shows_no_exit_at_all(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.SIGCHLD, Does.LATE)
    scene.script.late_s = LONG_S
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.view().exit == Exit(scene.wait().unwrap().status, scene.wait().unwrap().at)
    assert scene.wait().unwrap().status == 255


def test_r079_255_when_the_unit_is_gone(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE, then=scene.machine.systemd.units.clear)
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.wait().unwrap().status == 255


def test_r079_255_when_systemd_is_away_all_the_time(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.UNIT_READ, Does.FAILS_BEFORE, times=1000)
    scene.at(At.UNIT_KILL, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.start()), RuncFailed)
    assert scene.wait().unwrap().status == 255


def test_r079_an_exit_once_told_stays_whatever_systemd_shows_later(scene: Scene) -> None:
    scene.created()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    scene.at(At.SIGCHLD, Does.LATE)
    scene.script.late_s = 60.0
    refused(scene.start())
    told = scene.wait()
    scene.pass_time(LONG_S)
    assert scene.wait() == told
    assert scene.heard() == ["TaskCreated", "TaskExited"]


def test_r079_a_runc_that_does_not_answer_is_a_failure_too(scene: Scene) -> None:
    scene.created()
    scene.script.late_s = 100.0
    scene.at(At.RUNC_START, Does.LATE)
    assert refused(scene.start()) == DeadlinePassed("RUNC_START", 30.0)
    assert scene.living() == []
    assert scene.wait().unwrap().status == 255


def test_r079_a_caller_who_leaves_changes_nothing_of_a_failed_start(scene: Scene) -> None:
    scene.created()
    caller = scene.caller()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE, then=caller.gone.open)
    assert isinstance(refused(scene.ask(start(scene.shim, caller, INIT))), RuncFailed)
    assert scene.wait().unwrap().status == 255
    assert scene.living() == []


def test_r079_an_exec_that_never_ran_gets_no_exit_when_its_container_fails_to_start(
    scene: Scene,
) -> None:
    scene.created()
    scene.add_exec().unwrap()
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    refused(scene.start())
    assert scene.view(EXEC).phase is Phase.CREATED
    assert scene.heard() == ["TaskCreated", "ExecAdded sh", "TaskExited"]


# Debug.


def failed_start(*, debug: bool, config: str | None = None) -> RuncFailed:
    scene = Scene()
    scene.bundle()
    scene.create(asked(debug=debug)).unwrap()
    if config is not None:
        scene.machine.disk.bundles[BUNDLE].files[bundle_files.config(BUNDLE)] = config
    scene.at(At.RUNC_START, Does.FAILS_BEFORE)
    why = refused(scene.start())
    assert isinstance(why, RuncFailed)
    return why


def test_r080_without_debug_there_is_no_evidence() -> None:
    assert failed_start(debug=False, config="{}").evidence == ()


def test_r080_debug_shows_definition_configuration_and_log() -> None:
    evidence = {each.heading: each.text for each in failed_start(debug=True, config="{}").evidence}
    assert list(evidence) == ["unit", "process.json", "runc debug"]
    assert "Type=forking" in evidence["unit"]
    assert evidence["process.json"] == "{}"
    assert "container does not exist" in evidence["runc debug"]


def test_r080_debug_shows_only_what_can_be_read() -> None:
    evidence = [each.heading for each in failed_start(debug=True).evidence]
    assert evidence == ["unit", "runc debug"]


# Rules 4 and 7: runc succeeds.


def test_d02_a_start_answers_and_tells_the_pid_that_create_answered(scene: Scene) -> None:
    pid = scene.created()
    assert scene.start() == Success(pid)
    assert pid != NO_PID
    assert scene.events()[1:] == [TaskStarted(WEB, pid)]
    assert scene.view().phase is Phase.RUNNING


@pytest.mark.parametrize("seed", range(20))
def test_d17_the_start_is_told_before_the_exit_of_a_program_that_ends_at_once(seed: int) -> None:
    scene = Scene(seed)
    pid = scene.created(Program(exits=5))
    assert scene.start() == Success(pid)
    assert scene.wait().unwrap().status == 5
    assert scene.heard() == ["TaskCreated", "TaskStarted", "TaskExited"]


def test_d19_a_task_is_created_until_its_start_has_succeeded(scene: Scene) -> None:
    scene.created()
    seen: list[Phase] = []
    scene.at(At.RUNC_START, then=lambda: seen.append(scene.view().phase))
    assert scene.view().phase is Phase.CREATED
    scene.start().unwrap()
    assert seen == [Phase.STARTING]


def test_a_start_is_written_down_before_runc_is_called(scene: Scene) -> None:
    scene.created()
    written: list[Phase] = []

    def look() -> None:
        record = scene.record()
        assert record is not None
        written.append(record.init.phase)

    scene.at(At.RUNC_START, then=look)
    scene.start().unwrap()
    assert written == [Phase.STARTING]


def test_a_start_goes_on_without_a_record(scene: Scene) -> None:
    """A full disk is no reason to end a container (F116)."""
    pid = scene.created()
    scene.at(At.RECORD_SAVE, Does.FAILS_BEFORE, times=20)
    assert scene.start() == Success(pid)


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
    caller = scene.caller()
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


# Rule 5: restore.


def restored(scene: Scene, *, terminal: bool = False) -> None:
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt", terminal=terminal)).unwrap()


def test_r081_a_restore_starts_the_unit_and_answers_its_pid(scene: Scene) -> None:
    restored(scene)
    pid = scene.start().unwrap()
    assert scene.living() == [pid]
    assert scene.view().pid == pid
    assert At.RUNC_START not in scene.script.calls
    assert scene.events()[1:] == [TaskStarted(WEB, pid)]
    unit = scene.unit()
    assert unit is not None
    assert "restore" in unit.definition.argv
    assert list(scene.serving.fifos.held) == [INIT]


def test_r081_with_a_terminal_the_terminal_comes_first(scene: Scene) -> None:
    restored(scene, terminal=True)
    held: list[ProcessKey] = []
    scene.at(At.UNIT_START, then=lambda: held.extend(scene.serving.terminals.held))
    scene.start().unwrap()
    assert held == [INIT]
    unit = scene.unit()
    assert unit is not None
    assert "--console-socket" in unit.definition.argv


@pytest.mark.parametrize(
    ("at", "stdio", "why"),
    [
        (At.STDIO, "terminal", DeadlinePassed),
        (At.STDIO, "fifos", DeadlinePassed),
        (At.UNIT_START, "terminal", SystemdAway),
        (At.RUNC_CREATE, "terminal", RuncFailed),
        (At.RUNC_CREATE, "fifos", RuncFailed),
        (At.CONSOLE, "terminal", StdioFailed),
    ],
)
def test_r081_a_restore_that_fails_takes_terminal_and_unit_down_and_tells_255(
    scene: Scene, at: At, stdio: str, why: type[object]
) -> None:
    restored(scene, terminal=stdio == "terminal")
    scene.at(at, Does.FAILS_BEFORE)
    assert isinstance(refused(scene.start()), why)
    assert scene.living() == []
    assert scene.serving.terminals.held == {}
    assert scene.serving.fifos.held == {}
    assert scene.wait().unwrap().status == 255
    assert scene.heard() == ["TaskCreated", "TaskExited"]
    scene.delete().unwrap()
    assert scene.left() == {}


def test_r081_a_caller_who_leaves_a_restore_leaves_no_unit(scene: Scene) -> None:
    restored(scene)
    caller = scene.caller()
    scene.at(At.RUNC_CREATE, then=caller.gone.open)
    assert isinstance(refused(scene.ask(start(scene.shim, caller, INIT))), CallerGone)
    assert scene.living() == []
    assert scene.wait().unwrap().status == 255


# Any order of what happens at once.


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(0, 40), st.sampled_from([GONE, STAYS]))
def test_a_caller_who_leaves_a_start_at_any_moment_spoils_nothing(
    seed: int, moment: int, program: Program
) -> None:
    scene = Scene(seed)
    pid = scene.created(program)
    caller = scene.caller()
    scene.before_step(moment, caller.gone.open)
    outcome = scene.ask(start(scene.shim, caller, INIT))
    assert outcome == Success(pid)
    assert scene.heard()[:2] == ["TaskCreated", "TaskStarted"]
    assert scene.view().phase is (Phase.RUNNING if program is STAYS else Phase.EXITED)
    scene.end()


def test_an_exec_s_name_is_no_container_s(scene: Scene) -> None:
    scene.created()
    assert scene.start(replace(INIT, exec_id=ExecId("web"))) == Failure(UnknownExec("web"))
