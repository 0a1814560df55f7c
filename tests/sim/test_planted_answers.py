"""Rules that do less than they say, one at a time: each is found, though nothing wrong is done."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from returns.result import Failure, Success

from domain import limits
from domain.event import TaskExited
from domain.identity import NO_PID, ProcessKey
from domain.lifecycle import Heard, Phase
from domain.outbox import Outbox
from domain.record import Told
from domain.refusal import (
    AlreadyFinished,
    BeingDeleted,
    ContainerExists,
    ExecExists,
    Operation,
    WrongPhase,
)
from domain.use_cases import (
    add_exec,
    create,
    delete,
    exits,
    kill,
    pause,
    query,
    start,
    start_exec,
    tell,
    terminal,
)
from domain.use_cases.delete import NO_EXIT, Departed
from sim.world.host import FakeMounts
from sim.world.kernel import SIGHUP
from sim.world.streams import FakeFifos
from sim.world.terminals import FakeTerminals
from tests.sim.planting import Garden, found


def always(answer: Any) -> Any:
    async def rule(*_: object, **__: object) -> Any:
        return answer

    return rule


create_unmount: Final = create.unmount
EXITED: Final = WrongPhase(Operation.START, Phase.EXITED)

# What a client is refused although it could be done.
REFUSALS: Final[dict[str, tuple[Callable[..., Any], Callable[..., Any]]]] = {
    "every-create": (create._create, always(Failure(ContainerExists("c0")))),
    "every-start": (start._start_init, always(Failure(EXITED))),
    "every-start-of-an-exec": (start_exec.start_exec, always(Failure(EXITED))),
    "every-exec": (add_exec._add, always(Failure(BeingDeleted("c0")))),
    "every-kill": (kill._kill_init, always(Failure(AlreadyFinished()))),
    "every-pause": (pause.pause, always(Failure(WrongPhase(Operation.PAUSE, Phase.EXITED)))),
    "every-resize": (terminal.resize, always(Failure(EXITED))),
}


@pytest.mark.parametrize("which", REFUSALS)
def test_s36_a_refusal_without_a_reason_is_found(garden: Garden, which: str) -> None:
    garden.plant(*REFUSALS[which])
    assert found("S36", within=300)


def test_s36_a_root_file_system_that_is_never_mounted_is_found(garden: Garden) -> None:
    garden.plant_at(FakeMounts, "mount", always(Success(None)))
    assert found("S36", within=200)


def test_s36_a_refusal_that_speaks_of_another_call_is_found(garden: Garden) -> None:
    garden.plant_at(delete, "WrongPhase", lambda _, phase: WrongPhase(Operation.PAUSE, phase))
    assert found("S36", within=300, saying="delete ")


# What succeeds although it cannot.
SUCCESSES: Final[dict[str, tuple[Callable[..., Any], object]]] = {
    "it has exited": (kill.kill, None),
    "it was deleted": (delete.delete, Departed(NO_PID, NO_EXIT)),
    "its container has exited": (add_exec.add_exec, None),
    "there is one of this id": (create.create, NO_PID),
    "it is paused": (pause.pause, None),
    "its container is paused": (add_exec.add_exec, None),
    "nobody has paused it": (pause.resume, None),
}


@pytest.mark.parametrize("why", SUCCESSES)
def test_s39_a_success_where_there_can_be_none_is_found(garden: Garden, why: str) -> None:
    rule, answer = SUCCESSES[why]

    async def never_refused(shim: Any, *rest: Any) -> Any:
        outcome = await rule(shim, *rest)
        return Success(answer) if isinstance(outcome, Failure) else outcome

    garden.plant(rule, never_refused)
    assert found("S39", within=2_000, saying=why)


def test_a_step_that_is_not_awaited_is_found(garden: Garden) -> None:
    garden.plant_at(create, "unmount", lambda *asked: bool(create_unmount(*asked)))
    assert found("bug", within=300, saying="was never awaited")


@pytest.mark.parametrize(
    "rule", [start._start_init, create._create, kill.kill, query.pids, pause.resume]
)
def test_s37_a_rule_that_answers_nothing_is_found(garden: Garden, rule: Any) -> None:
    garden.plant(rule, always(None))
    assert found("S37", within=600, saying="answered nothing")


def test_s37_a_view_of_another_bundle_is_found(garden: Garden) -> None:
    honest = query.state
    garden.plant(honest, lambda *asked: honest(*asked).map(lambda view: replace(view, bundle="/")))
    assert found("S37", within=20, saying="is shown as")


def test_s37_a_list_of_pids_that_misses_one_is_found(garden: Garden) -> None:
    honest = query.pids

    async def all_but_one(*asked: Any) -> Any:
        return (await honest(*asked)).map(lambda listed: listed[1:])

    garden.plant(honest, all_but_one)
    assert found("S37", within=2_000, saying="were listed as")


def test_s37_a_connection_to_no_init_is_found(garden: Garden) -> None:
    garden.plant(query.connect, lambda *_: NO_PID)
    assert found("S37", within=2_000, saying="is connected to no pid")


def test_s37_a_delete_that_says_nothing_of_the_exit_is_found(garden: Garden) -> None:
    honest = delete._delete_container

    async def silent(*asked: Any) -> Any:
        return (await honest(*asked)).map(lambda departed: Departed(departed.pid, NO_EXIT))

    garden.plant(honest, silent)
    assert found("S37", within=20, saying="had never been")


@pytest.mark.parametrize("asks", [create, start, start_exec])
def test_s37_an_answer_without_its_evidence_is_found(garden: Garden, asks: object) -> None:
    garden.plant_at(asks, "evidence", always(()))
    assert found("S37", within=1_000, saying="was refused with the evidence ()")


def test_s38_a_kill_that_sends_nothing_is_found(garden: Garden) -> None:
    garden.plant(kill._kill_exec, always(Success(None)))
    assert found("S38", within=200, saying="was not sent")


def test_s38_a_terminal_that_is_not_waited_for_is_found(garden: Garden) -> None:
    honest = FakeTerminals.connected

    async def whatever_comes(*asked: Any) -> Any:
        await honest(*asked)
        return Success(None)

    garden.plant_at(FakeTerminals, "connected", whatever_comes)
    assert found("S38", within=600, saying="without its terminal")


def test_s38_stdin_that_stays_open_is_found(garden: Garden) -> None:
    garden.plant(terminal.close_stdin, always(Success(None)))
    assert found("S38", within=100, saying="was not closed")


def test_s38_output_that_is_not_waited_for_is_found(garden: Garden) -> None:
    garden.plant_at(FakeFifos, "drain", always(None))
    assert found("S38", within=20, saying="before its output was read")


@pytest.mark.parametrize("says", ["got the size", "was not resized"])
def test_s38_a_terminal_of_another_size_is_found(garden: Garden, says: str) -> None:
    honest = terminal.resize

    async def turned(shim: Any, key: Any, width: int, height: int) -> Any:
        return await honest(shim, key, height, width)

    garden.plant(honest, turned if says == "got the size" else always(Success(None)))
    assert found("S38", within=200, saying=says)


@pytest.mark.parametrize("module", [create, pause, start, start_exec, add_exec])
def test_l9_a_success_that_is_not_told_is_found(garden: Garden, module: object) -> None:
    garden.plant_at(module, "tell", lambda *_: None)
    assert found("L9", within=200, saying="was never told")


def test_s11_a_pause_that_freezes_nobody_is_found(garden: Garden) -> None:
    honest = pause.pause

    async def said_to_be_frozen(shim: Any, owner: Any) -> Any:
        found = shim.containers.get(owner)
        if found is None or found.init.phase is not Phase.RUNNING:
            return await honest(shim, owner)
        found.init.hear(Heard.PAUSED)
        return Success(None)

    garden.plant(pause.pause, said_to_be_frozen)
    assert found("S11", within=1_000, saying="was answered to be paused")


def test_s33_an_exit_that_forgets_its_pid_is_found(garden: Garden) -> None:
    garden.plant_at(exits, "TaskExited", lambda process, _, told: TaskExited(process, NO_PID, told))
    assert found("S33", within=20, saying="exits with pid 0")


def test_l6_a_failed_create_that_leaves_its_unit_is_found(garden: Garden) -> None:
    garden.plant_at(create, "sweep", always(True))
    assert found("L6", within=600, saying="the create of")


def test_s14_a_delete_that_leaves_the_mount_is_found(garden: Garden) -> None:
    garden.plant_at(delete, "unmount", always(True))
    assert found("S14", within=200, saying="stayed mounted")


def test_l3_a_limit_that_is_too_long_is_found(garden: Garden) -> None:
    garden.plant_at(limits, "RUNC", limits.Seconds(300))
    assert found("L3", within=300, saying=" lasted ")


def test_s36_a_limit_that_nobody_can_keep_is_found(garden: Garden) -> None:
    garden.plant_at(limits, "RUNC", limits.Seconds(0))
    assert found("S36", within=100)


def test_s11_an_exec_that_runs_on_in_a_paused_container_is_found(garden: Garden) -> None:
    honest = query.state

    def of_the_exec_alone(shim: Any, key: Any) -> Any:
        phase = shim.process(key).map(lambda known: known[1].phase)
        return honest(shim, key).map(lambda view: replace(view, phase=phase.unwrap()))

    garden.plant(honest, of_the_exec_alone)
    assert found("S11", within=2000, saying="was answered to run")


def test_s13_a_failed_create_that_leaves_its_root_mounted_is_found(garden: Garden) -> None:
    garden.plant_at(create, "unmount", always(True))
    assert found("S13", within=50, saying="stayed mounted")


def test_s36_an_id_that_is_taken_for_ever_is_found(garden: Garden) -> None:
    honest = add_exec._refusal
    asked: set[Any] = set()

    def once(container: Any, key: Any) -> Any:
        if (container.life, key) in asked:
            return ExecExists("e0")
        asked.add((container.life, key))
        return honest(container, key)

    garden.plant(honest, once)
    assert found("S36", within=100, saying="ExecExists")


def test_s37_an_exit_that_nobody_is_shown_is_found(garden: Garden) -> None:
    honest = query.state
    garden.plant(honest, lambda *asked: honest(*asked).map(lambda view: replace(view, exit=None)))
    assert found("S37", within=20, saying="is shown as")


def test_s1_news_that_is_told_again_after_every_death_is_found(garden: Garden) -> None:
    honest = tell._note

    def forgetful(container: Any, key: Any, what: Told) -> bool:
        return what is not Told.CREATED and honest(container, key, what)

    garden.plant(honest, forgetful)
    assert found("S1", within=300, saying="long after")


def test_l1_an_exit_that_is_held_back_for_nobody_is_found(garden: Garden) -> None:
    def for_all(outbox: Outbox, process: ProcessKey) -> None:
        outbox._starting.add(process)
        outbox._running_execs.add(process)

    garden.plant_at(Outbox, "start_claimed", for_all)
    assert found("L1", within=50, saying="and nobody ran")


@pytest.mark.parametrize("invariant", ["S36", "S39"])
def test_s36_s39_a_signal_that_does_not_exist_is_found(garden: Garden, invariant: str) -> None:
    """systemd refuses it, which says nothing to its client; a process takes it for nothing."""
    garden.plant_at(kill, "SIGNAL_MAX", 1000)
    assert found(invariant, within=1000)


def test_s36_a_signal_that_does_exist_and_is_refused_is_found(garden: Garden) -> None:
    garden.plant_at(kill, "SIGNAL_MAX", SIGHUP)
    assert found("S36", within=100, saying="InvalidArgument")


def test_s39_a_resize_of_what_has_exited_is_found(garden: Garden) -> None:
    honest = terminal.resize

    async def never_refused(*asked: Any) -> Any:
        outcome = await honest(*asked)
        return Success(None) if isinstance(outcome, Failure) else outcome

    garden.plant(honest, never_refused)
    assert found("S39", within=1_000, saying="resize ")
