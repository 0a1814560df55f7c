"""Bugs as shims have had them, put into the rules one at a time: the seeds find each.

A bug is another rule, port or table in the place of the honest one. A test may take ten times
as many seeds as are needed on average, so that a draw more or less somewhere breaks none.
"""

from dataclasses import replace
from typing import Any

from returns.result import Failure, Result, Success

from domain import limits, unit
from domain.caller import Caller
from domain.event import TaskExited
from domain.exit_status import UNKNOWN, Exit, ExitStatus
from domain.identity import ContainerKey, Pid, ProcessKey
from domain.lifecycle import Phase
from domain.outbox import Outbox
from domain.refusal import CallerGone, Refusal, WrongPhase
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit import UnitState, Whom
from domain.use_cases import (
    bring_up,
    clean_up,
    create,
    delete,
    exits,
    kill,
    let_go,
    query,
    recover,
    resync,
    start,
    start_exec,
)
from domain.use_cases.tell import tell
from tests.sim.planting import Garden, found


def test_an_exit_published_before_its_start_is_found(garden: Garden) -> None:
    """F04: nobody holds a fast program's exit back while its start is under way."""

    def only_created(container: Container, _: Process) -> bool:
        return not container.created

    garden.plant(exits._is_anothers, only_created)
    garden.plant_at(Outbox, "start_claimed", lambda *_: None)
    assert found("S2", within=400)


def test_a_losing_start_that_kills_the_winners_unit_is_found(garden: Garden) -> None:
    """D04: its clean-up takes the unit for its own."""
    honest = start.start

    async def greedy(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Pid, Refusal]:
        answer = await honest(shim, caller, key)
        match answer, shim.process(key):
            case Failure(WrongPhase()), Success((_, process)):
                await bring_up.kill_unit(shim, process)
        return answer

    garden.plant(honest, greedy)
    assert found("S9", within=800)


def test_an_unknown_status_told_as_0_is_found(garden: Garden) -> None:
    """F34: the default of a number is success."""
    for module in (clean_up, exits, recover, start, start_exec):
        garden.plant_at(module, "UNKNOWN", ExitStatus(0))
    assert found("S6", within=200)


def test_a_signal_told_as_a_bare_number_is_found(garden: Garden) -> None:
    """D11: 137 is told as 9."""
    garden.plant_at(unit, "exit_status", lambda _, status: ExitStatus(status))
    assert found("S5", within=20)


def test_a_status_that_nobody_reads_is_found(garden: Garden) -> None:
    """Every status is told as the unknown one, though systemd shows it."""
    honest = exits.ended

    def at_a_loss(shim: Shim, state: UnitState) -> Exit | None:
        ended = honest(shim, state)
        return None if ended is None else replace(ended, status=UNKNOWN)

    garden.plant(honest, at_a_loss)
    assert found("S5", within=20)


def test_an_exit_that_is_lost_with_its_hint_is_found(garden: Garden) -> None:
    """D13, F56: no resync looks for the hint that never came."""

    async def idle(shim: Shim) -> None:
        await shim.ports.concurrency.first_of((), None)

    garden.plant(resync.resync, idle)
    assert found("L2", within=200)


def test_a_unit_released_before_its_status_is_read_is_found(garden: Garden) -> None:
    """F46: with the last reference the status goes."""
    honest = exits.look

    async def rash(shim: Shim, container: Container, process: Process) -> None:
        match await shim.ports.units.read(process.ref):
            case Success(state) if state.exit is not None and not process.is_starting:
                await shim.ports.units.stop(process.ref, limits.RELEASE)
                await shim.ports.units.release(process.ref)
        await honest(shim, container, process)

    garden.plant(honest, rash)
    assert found("S5", within=60)


def test_a_delete_on_its_callers_time_leaves_a_unit_and_is_found(garden: Garden) -> None:
    """F14, D47: nobody sees that the stop was given up together with the call."""
    honest_delete, honest_let_go = delete.delete, let_go.let_go
    callers: dict[ContainerKey, Caller] = {}

    async def on_its_callers_time(shim: Shim, caller: Caller, key: ProcessKey) -> Any:
        callers[key.owner] = caller
        return await honest_delete(shim, caller, key)

    async def unless_given_up(shim: Shim, process: Process) -> bool:
        caller = callers.get(process.key.owner)
        if caller is not None and caller.gone.is_open:
            return True
        return await honest_let_go(shim, process)

    garden.plant(honest_delete, on_its_callers_time)
    garden.plant(honest_let_go, unless_given_up)
    assert found("L6", within=300)


def test_two_exits_are_found(garden: Garden) -> None:
    """D16: whoever hears of the end tells it, each with a time of its own."""
    honest = exits.settle

    async def again(shim: Shim, container: Container, process: Process, how: Exit) -> None:
        await honest(shim, container, process, how)
        if process.key.exec_id is None:
            later = Exit(how.status, shim.ports.clock.now())
            tell(shim, container, TaskExited(process.key, process.pid, later))

    garden.plant(honest, again)
    assert found("S1", within=20)


def test_a_failed_create_that_publishes_an_exit_is_found(garden: Garden) -> None:
    """S13: nobody was told of this container."""
    honest = create.undo

    async def chatty(shim: Shim, container: Container, why: Refusal) -> None:
        await honest(shim, container, why)
        init = container.init
        told = TaskExited(init.key, init.pid, Exit(UNKNOWN, shim.ports.clock.now()))
        await shim.ports.publisher.publish(container.publish_to, told)

    garden.plant(honest, chatty)
    assert found("S13", within=100)


def test_a_late_read_that_overwrites_the_255_of_a_failed_start_is_found(garden: Garden) -> None:
    """R078: what our own KILL did is no status of the program."""
    honest = start._refused

    async def late(shim: Shim, container: Container, why: Refusal) -> Refusal:
        answer = await honest(shim, container, why)
        match await shim.ports.units.read(container.init.ref):
            case Success(state) if state.exit is not None:
                container.init.exit = state.exit
        return answer

    garden.plant(honest, late)
    assert found("S7", within=400)


def test_an_execs_start_that_recovery_forgets_is_found(garden: Garden) -> None:
    """The next daemon takes a start without an answer for one that never was."""

    async def forgetful(shim: Shim, container: Container, process: Process) -> None:
        await recover._adopt(shim, container, process)
        if process.is_starting:
            process.phase = Phase.CREATED

    garden.plant(recover._take_up_exec, forgetful)
    assert found("L6", within=300)


def test_a_wait_that_hangs_when_the_exit_came_first_is_found(garden: Garden) -> None:
    """F21: it waits for the news, and the news is old."""
    honest = query.wait

    async def too_late(shim: Shim, caller: Caller, key: ProcessKey) -> Any:
        match shim.process(key):
            case Success((_, process)) if process.ended.is_open:
                await caller.waits_for(shim.ports.concurrency, (), None)
                return Failure(CallerGone("exit"))
        return await honest(shim, caller, key)

    garden.plant(honest, too_late)
    assert found("L2", within=200)


def test_a_kill_that_leaves_the_killed_frozen_is_found(garden: Garden) -> None:
    """F99: on cgroup v1 a frozen process does not even die."""

    async def cold(shim: Shim, container: Container, signal: int, whom: Whom) -> Any:
        return await shim.ports.units.kill(container.init.ref, whom, signal)

    garden.plant(kill._kill_init, cold)
    assert found("L4", within=200)


def test_a_stop_that_is_never_sent_leaves_a_unit_and_is_found(garden: Garden) -> None:
    """F48: a reference less does not end a unit that remains after its exit."""

    async def only_released(shim: Shim, process: Process) -> bool:
        await shim.ports.units.release(process.ref)
        return True

    garden.plant(let_go.let_go, only_released)
    assert found("L6", within=20)


def test_a_job_that_is_trusted_without_a_look_is_found(garden: Garden) -> None:
    """D55, F59: `done` may mean that nothing was started."""

    def by_the_job(up: bring_up.BroughtUp) -> Pid:
        return Pid(up.state.main_pid if up.state and up.state.main_pid else 1)

    garden.plant(create._living_pid, by_the_job)
    assert found("S19", within=60)
