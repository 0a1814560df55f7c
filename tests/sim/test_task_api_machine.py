"""The task API, call after call, on the simulated world: held against a naive model.

Hypothesis draws the calls, the faults and the shim's deaths, and makes what fails short. A
failure prints its steps, the world's story, and the line that plays the example again.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import Phase as Part
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain import unit
from domain.exit_status import ExitStatus, MainCode
from domain.identity import ContainerKey, ExecId, ProcessKey
from domain.shim import Shim
from domain.task import Process
from domain.unit import Whom
from domain.unit_name import unit_name
from domain.use_cases import let_go
from sim.faults import CATALOGUE, Fault
from sim.incarnation import Incarnation
from sim.life import Round
from sim.world.kernel import SIGHUP, SIGKILL, SIGTERM, KernelProcess, Program
from tests.sim.planting import Garden
from tests.sim.talk import OWNERS, Talk

PLAYED: Final = settings(max_examples=40, stateful_step_count=30, print_blob=True)

owners = st.sampled_from(OWNERS)
execs = st.sampled_from([ExecId(f"e{number}") for number in range(6)])
# Mostly of what is there: of what is not there is little to say.
keys = st.runner().flatmap(lambda machine: st.sampled_from(machine.asked_of()))
theirs = st.runner().flatmap(lambda machine: st.sampled_from(machine.whose()))
programs = st.sampled_from(
    (
        Program(runs_s=None),
        Program(runs_s=None),
        Program(runs_s=None, on_term=7),
        Program(),
        Program(exits=3),
        Program(exits=42, runs_s=5.0),
        None,
    )
)
faults = st.builds(replace, st.sampled_from(CATALOGUE), rate=st.sampled_from((0.3, 1.0)))
spans = st.sampled_from((0.005, 0.1, 3.0, 70.0))
deeds = st.sampled_from(("start", "start", "kill", "pause", "resume", "delete"))
somebody = precondition(lambda machine: bool(machine.talk.beliefs.of))


class TaskApi(RuleBasedStateMachine):
    """Two containers of one id, two clients, one shim, and what may befall them."""

    @initialize(
        seed=st.integers(0, 2**16),
        program=programs,
        private=st.booleans(),
        faults=st.lists(faults, max_size=8),
    )
    def begin(
        self, seed: int, program: Program | None, faults: list[Fault], *, private: bool
    ) -> None:
        self.talk = Talk(seed)
        self.world = self.talk.stage.world
        self.run(OWNERS[0], program, private=private)
        for fault in faults:
            self.a_fault_is_switched_on(fault)

    def whose(self) -> list[ContainerKey]:
        """Those with a container twice."""
        return [*self.talk.beliefs.of, *OWNERS]

    def asked_of(self) -> list[ProcessKey]:
        """Who is there, and each container's init and an exec that may be there or not."""
        there = [
            ProcessKey(owner, exec_id)
            for owner, container in self.talk.beliefs.of.items()
            for exec_id in (None, *container.execs)
        ]
        return [*there, *there, *there, ProcessKey(OWNERS[1]), ProcessKey(OWNERS[0], ExecId("e0"))]

    @rule(owner=owners, program=programs, private=st.booleans(), terminal=st.booleans())
    def create(
        self, owner: ContainerKey, program: Program | None, *, private: bool, terminal: bool
    ) -> None:
        drawn = Round(self.world.scheduler.now, private, program is None, terminal, "")
        self.talk.create(owner, drawn, program)

    @rule(owner=owners, program=programs, private=st.booleans())
    def run(self, owner: ContainerKey, program: Program | None, *, private: bool) -> None:
        self.create(owner, program, private=private, terminal=False)
        self.talk.start(ProcessKey(owner), patient=True)

    @somebody
    @rule(key=keys, patient=st.booleans())
    def start(self, key: ProcessKey, *, patient: bool) -> None:
        self.talk.start(key, patient=patient)

    @somebody
    @rule(key=keys)
    def start_twice_at_once(self, key: ProcessKey) -> None:
        self.talk.start_twice_at_once(key)

    @somebody
    @rule(owner=theirs, exec_id=execs, program=programs, terminal=st.booleans())
    def exec(
        self, owner: ContainerKey, exec_id: ExecId, program: Program | None, *, terminal: bool
    ) -> None:
        self.talk.add_exec(ProcessKey(owner, exec_id), program, terminal=terminal)

    @somebody
    @rule(owner=theirs, exec_id=execs, program=programs)
    def run_exec(self, owner: ContainerKey, exec_id: ExecId, program: Program | None) -> None:
        self.exec(owner, exec_id, program, terminal=False)
        self.talk.start(ProcessKey(owner, exec_id), patient=True)

    @somebody
    @rule(
        key=keys,
        signal=st.sampled_from((SIGKILL, SIGTERM, SIGHUP, 0)),
        whom=st.sampled_from(Whom),
    )
    def kill(self, key: ProcessKey, signal: int, whom: Whom) -> None:
        self.talk.kill(key, signal, whom)

    @somebody
    @rule(owner=theirs, patient=st.booleans())
    def pause(self, owner: ContainerKey, *, patient: bool) -> None:
        self.talk.pause(owner, patient=patient)

    @somebody
    @rule(owner=theirs, patient=st.booleans())
    def resume(self, owner: ContainerKey, *, patient: bool) -> None:
        self.talk.resume(owner, patient=patient)

    @somebody
    @rule(key=keys)
    def wait(self, key: ProcessKey) -> None:
        self.talk.wait(key)

    @somebody
    @rule(key=keys)
    def state(self, key: ProcessKey) -> None:
        self.talk.state(key)

    @somebody
    @rule(owner=theirs)
    def pids(self, owner: ContainerKey) -> None:
        self.talk.pids(owner)

    @somebody
    @rule(owner=theirs)
    def connect(self, owner: ContainerKey) -> None:
        self.talk.connect(owner)

    @somebody
    @rule(key=keys, patient=st.booleans())
    def delete(self, key: ProcessKey, *, patient: bool) -> None:
        self.talk.delete(key, patient=patient)

    @somebody
    @rule(owner=theirs)
    def clean_up(self, owner: ContainerKey) -> None:
        self.talk.clean_up(owner)

    @somebody
    @rule(key=keys, first=deeds, second=deeds)
    def two_things_at_once(self, key: ProcessKey, first: str, second: str) -> None:
        self.talk.at_once(key, first, second)

    @rule(ends=st.sampled_from((Incarnation.die, Incarnation.cancel)), down_s=spans)
    def the_shim_ends(self, ends: Callable[[Incarnation], None], down_s: float) -> None:
        self.talk.stage.end_shim(ends, down_s)

    @rule(steps=st.integers(0, 40), down_s=spans)
    def the_shim_will_end_on_its_way(self, steps: int, down_s: float) -> None:
        self.talk.stage.end_shim_after(steps, down_s)

    @somebody
    @rule(key=keys, exits=st.sampled_from((0, 5)))
    def a_program_ends(self, key: ProcessKey, exits: int) -> None:
        container = self.talk.beliefs.of.get(key.owner)
        believed = None if container is None else container.of(key.exec_id)
        running = self.running(key)
        if believed is not None and running is not None:
            believed.statuses.add(exits)
            believed.mortal = True
            self.world.kernel.end(running, MainCode.EXITED, exits)

    def running(self, key: ProcessKey) -> KernelProcess | None:
        kernel = self.world.kernel
        for each in kernel.processes.values():
            is_it = each.unit == unit_name(key) and each.lives and each.program is not None
            if is_it and not kernel.is_frozen(each.cgroup):
                return each
        return None

    @rule(seconds=spans)
    def time_passes(self, seconds: float) -> None:
        self.talk.stage.pass_time(seconds)

    @precondition(lambda self: bool(self.world.faults.active))  # the calm stay calm
    @rule(fault=faults)
    def a_fault_is_switched_on(self, fault: Fault) -> None:
        active = self.world.faults.active
        active[fault.at] = (*active.get(fault.at, ()), (fault.name, fault))

    @precondition(lambda self: bool(self.world.faults.active))
    @rule()
    def all_faults_end(self) -> None:
        self.world.faults.active.clear()

    @invariant()
    def the_shim_says_what_the_model_believes(self) -> None:
        self.talk.beliefs.compare()

    @invariant()
    def nothing_is_broken(self) -> None:
        broken = self.talk.stage.broken()
        if broken:
            self.talk.stage.fail("\n".join(map(str, broken)))

    def teardown(self) -> None:
        """Liveness: faults end, everybody is deleted, nothing is left."""
        stage = self.talk.stage
        try:
            if not stage.has_failed:
                self.world.scheduler.before_step = None
                self.world.faults.active.clear()
                self.talk.end()
        finally:
            stage.close()


TestTaskApi = TaskApi.TestCase
TestTaskApi.settings = PLAYED


def _plays() -> None:
    """The same without making it short, and always from the beginning."""
    once = settings(
        PLAYED, phases=(Part.generate,), database=None, derandomize=True, print_blob=False
    )
    run_state_machine_as_test(TaskApi, settings=once)


def test_a_status_without_128_and_the_signal_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """D11."""
    monkeypatch.setattr(unit, "exit_status", lambda _, status: ExitStatus(status))
    with pytest.raises(AssertionError, match="The world's story"):
        _plays()


def test_a_unit_that_is_left_behind_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """F48."""

    async def only_released(shim: Shim, process: Process) -> bool:
        await shim.ports.units.release(process.ref)
        return True

    Garden(monkeypatch).plant(let_go.let_go, only_released)
    with pytest.raises(AssertionError, match="L6: units left"):
        _plays()
