"""One machine with one shim, whose clients ask one thing at a time, and whose faults are scripted.

Where sim/run.py draws everything from a seed, a scene says what happens: at the n-th call of
a kind it fails, comes late, or something else happens just then. The seed is left only with
the order of what happens at once.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Final, TypeVar

from returns.result import Result, Success

from domain.event import TaskEvent
from domain.exit_status import Exit, MainCode
from domain.identity import ContainerKey, Pid, ProcessKey
from domain.record import ContainerRecord
from domain.refusal import Refusal
from domain.request import CreateRequest
from domain.shim import Shim
from domain.unit import JobResult, Whom
from domain.unit_name import unit_name
from domain.use_cases import query
from domain.use_cases.add_exec import add_exec
from domain.use_cases.clean_up import clean_up
from domain.use_cases.create import create
from domain.use_cases.delete import Departed, delete
from domain.use_cases.kill import kill
from domain.use_cases.pause import pause, resume
from domain.use_cases.query import ProcessView
from domain.use_cases.start import start
from sim.faults import At, Does
from sim.incarnation import Incarnation, Machine
from sim.scheduler import Task, sleep
from sim.world.disk import Bundle
from sim.world.kernel import SIGKILL, KernelProcess, Program
from sim.world.runc import MISSING, RuncContainer, args_of
from sim.world.unit import Unit
from sim.world.world import World
from tests.domain.client import BUNDLE, EXEC, INIT, STAYS, WEB, asked, exec_asked
from tests.domain.heard import in_short, owner_of
from tests.domain.script import Line, Script

T = TypeVar("T")

STEPS_MAX: Final = 100_000
# Longer than anything that goes on by itself, resyncs included.
LONG_S: Final = 400.0
MOMENT_S: Final = 1.0


class Scene:
    """The world, the shim that serves now, and what was asked of it."""

    # Whose coroutines a test has to end when it is over (conftest.py).
    played: ClassVar[list["Scene"]] = []

    def __init__(self, seed: int = 0) -> None:
        self.played.append(self)
        self.world = World.from_seed(seed)
        self.script = Script(self.world.choices)
        self.world.faults = self.world.kernel.faults = self.script
        self.machine = Machine.in_world(self.world)
        self.serving = Incarnation(self.machine, "shim 1")
        self.boot()

    # The shim and its time.

    @property
    def shim(self) -> Shim:
        return self.serving.shim

    def boot(self) -> None:
        self.serving.boot()
        assert self.world.scheduler.run_until(self.serving.ready, STEPS_MAX)

    def restart(self) -> None:
        """The daemon is killed where it stands, and started again."""
        self.crash()
        self.boot()

    def crash(self) -> None:
        self.serving.die()
        number = int(self.serving.name.split()[1]) + 1
        self.serving = Incarnation(self.machine, f"shim {number}")

    def end(self) -> None:
        """The curtain: nothing of this world goes on."""
        for group in {task.group for task in self.world.scheduler._live}:
            self.world.scheduler.drop(group)

    def pass_time(self, seconds: float = MOMENT_S) -> None:
        pause = self.world.scheduler.spawn("time passes", sleep(seconds), "world")
        assert self.world.scheduler.run_until(pause.done, STEPS_MAX)
        assert self.world.scheduler.bugs == []

    def begin(self, work: Coroutine[Any, Any, T]) -> Task[T]:
        """A call that is under way while something else happens."""
        return self.serving.call("call", work)

    def answer(self, task: Task[T]) -> T:
        assert self.world.scheduler.run_until(task.done, STEPS_MAX), self.world.story
        assert self.world.scheduler.bugs == []
        return task.outcome()

    def ask(self, work: Coroutine[Any, Any, T]) -> T:
        return self.answer(self.begin(work))

    # What goes wrong.

    def at(
        self,
        at: At,
        does: Does | None = None,
        *,
        skips: int = 0,
        times: int = 1,
        then: Callable[[], object] | None = None,
    ) -> None:
        """Writes a line: at the next such call, or the one after `skips` of them."""
        self.script.lines.append(Line(at, does, skips, times, then))

    def before_step(self, number: int, then: Callable[[], object]) -> None:
        """Something happens before the shim's `number`-th step from now, wherever that is."""
        left = number

        def count(task: Task[Any]) -> None:
            nonlocal left
            if task.group != self.serving.name:
                return
            left -= 1
            if left < 0:
                self.world.scheduler.before_step = None
                then()

        self.world.scheduler.before_step = count

    def dies_during(self, work: Coroutine[Any, Any, Any], step: int) -> bool:
        """Whether the daemon was killed before its `step`-th step from now, and is back.

        The client of the call gets no answer then; what goes on beside it counts too.
        """
        dying = self.serving
        self.before_step(step, self.crash)
        task = self.begin(work)
        self.world.scheduler.run_until(task.done, STEPS_MAX)
        if self.serving is dying:
            self.world.scheduler.run_until(dying.dead, STEPS_MAX, self.world.scheduler.now + 0.5)
        self.world.scheduler.before_step = None
        if self.serving is dying:
            return False
        self.boot()
        return True

    def dies_at(self, at: At, work: Coroutine[Any, Any, Any], does: Does | None = None) -> None:
        """The daemon is killed right after the next such call of the work; nobody serves then."""
        dying = self.serving
        self.at(at, does, then=lambda: self.before_step(0, self.crash))
        self.begin(work)
        assert self.world.scheduler.run_until(dying.dead, STEPS_MAX)

    # What clients ask.

    def bundle(
        self, program: Program | None = STAYS, *, private: bool = True, path: str = BUNDLE
    ) -> None:
        """A bundle as containerd leaves it; None: its program does not exist."""
        args = (MISSING,) if program is None else args_of(program)
        self.machine.disk.bundles[path] = Bundle(args, private_pid_namespace=private)

    def create(self, request: CreateRequest | None = None) -> Result[Pid, Refusal]:
        return self.ask(create(self.shim, self.serving.caller(), request or asked()))

    def start(self, key: ProcessKey = INIT) -> Result[Pid, Refusal]:
        return self.ask(self.starting(key))

    def starting(self, key: ProcessKey = INIT) -> Coroutine[Any, Any, Result[Pid, Refusal]]:
        """A Start, to be begun beside something else."""
        return start(self.shim, self.serving.caller(), key)

    def add_exec(
        self, program: Program | None = STAYS, key: ProcessKey = EXEC, *, terminal: bool = False
    ) -> Result[None, Refusal]:
        return self.ask(add_exec(self.shim, exec_asked(program, key, terminal=terminal)))

    def kill(
        self, key: ProcessKey = INIT, signal: int = SIGKILL, whom: Whom = Whom.MAIN
    ) -> Result[None, Refusal]:
        return self.ask(kill(self.shim, key, signal, whom))

    def delete(self, key: ProcessKey = INIT) -> Result[Departed, Refusal]:
        return self.ask(self.deleting(key))

    def deleting(self, key: ProcessKey = INIT) -> Coroutine[Any, Any, Result[Departed, Refusal]]:
        """A Delete, to be begun beside something else."""
        return delete(self.shim, self.serving.caller(), key)

    def clean_up(
        self, owner: ContainerKey = WEB, bundle: str = BUNDLE
    ) -> Result[Departed, Refusal]:
        return self.ask(self.cleaning(owner, bundle))

    def cleaning(
        self, owner: ContainerKey = WEB, bundle: str = BUNDLE
    ) -> Coroutine[Any, Any, Result[Departed, Refusal]]:
        """A clean-up, to be begun beside something else."""
        return clean_up(self.shim, self.serving.caller(), owner, bundle)

    def wait(self, key: ProcessKey = INIT) -> Result[Exit, Refusal]:
        return self.ask(self.waiting_for(key))

    def waiting_for(self, key: ProcessKey = INIT) -> Coroutine[Any, Any, Result[Exit, Refusal]]:
        """A Wait, to be begun beside something else."""
        return query.wait(self.shim, self.serving.caller(), key)

    def pause(self) -> Result[None, Refusal]:
        return self.ask(pause(self.shim, WEB))

    def resume(self) -> Result[None, Refusal]:
        return self.ask(resume(self.shim, WEB))

    def view(self, key: ProcessKey = INIT) -> ProcessView:
        return query.state(self.shim, key).unwrap()

    # Where a test begins.

    def created(self, program: Program = STAYS, *, private: bool = True) -> Pid:
        self.bundle(program, private=private)
        return self.create().unwrap()

    def running(self, program: Program = STAYS, *, private: bool = True) -> Pid:
        pid = self.created(program, private=private)
        assert self.start() == Success(pid)
        return pid

    def with_exec(self, program: Program = STAYS, *, private: bool = True) -> Pid:
        """A running container with one exec that runs too."""
        self.running(private=private)
        assert self.add_exec(program) == Success(None)
        return self.start(EXEC).unwrap()

    def paused(self) -> None:
        self.running()
        self.pause().unwrap()

    def exited(self, program: Program) -> Exit:
        """A container that has run its program to the end, with all of it told."""
        self.running(program)
        exit_ = self.wait().unwrap()
        self.pass_time()
        return exit_

    def added(self, program: Program | None = STAYS, *, terminal: bool = False) -> None:
        """A running container with an exec that was not started yet."""
        self.running()
        self.add_exec(program, terminal=terminal).unwrap()
        self.pass_time()

    # How it ends.

    def administrator_stops(self, key: ProcessKey = INIT) -> Task[JobResult]:
        """`systemctl stop`, which goes on beside."""
        unit = self.unit(key)
        assert unit is not None
        stop = self.machine.systemd.stop(unit)
        return self.world.scheduler.spawn("systemctl stop", stop, "world")

    def ends_well(self) -> None:
        """The client takes its container down, whatever it finds; nothing may be left."""
        if WEB in self.shim.containers:
            self.kill()
            self.wait()
            self.delete()
        self.pass_time(LONG_S)
        assert self.left() == {}

    # What became of it.

    def events(self, owner: ContainerKey = WEB) -> list[TaskEvent]:
        """What containerd has heard of the container, once everything has been told."""
        self.pass_time()
        return [event for event in self.machine.sink.got if owner_of(event) == owner]

    def heard(self) -> list[str]:
        """The same, in short: the names of the events, execs' with their id."""
        return [in_short(event) for event in self.events()]

    def story(self) -> list[str]:
        """What containerd has heard, in short and without what it was told again word by word."""
        return [in_short(event) for event in dict.fromkeys(self.events())]

    def unit(self, key: ProcessKey = INIT) -> Unit | None:
        return self.machine.systemd.units.get(unit_name(key))

    def process(self, pid: Pid) -> KernelProcess:
        return self.world.kernel.processes[pid]

    def ends(self, pid: Pid, status: int, code: MainCode = MainCode.EXITED) -> None:
        """The process ends of itself, or by a signal that nobody asked us for."""
        self.world.kernel.end(self.process(pid), code, status)

    def oci(self) -> RuncContainer | None:
        return self.machine.oci.containers.get(("/run/containerd/runc/default", WEB.container))

    def record(self) -> ContainerRecord | None:
        found = [each for (owner, _), each in self.machine.disk.records.items() if owner == WEB]
        return found[-1] if found else None

    def living(self) -> list[Pid]:
        return [each.pid for each in self.world.kernel.processes.values() if each.lives]

    def left(self) -> dict[str, Sequence[object]]:
        """Everything that a container may leave behind; {} when nothing is."""
        self.pass_time()
        things: dict[str, Sequence[object]] = {
            "units": list(self.machine.systemd.units),
            "containers of runc": list(self.machine.oci.containers),
            "records": list(self.machine.disk.records),
            "mounts": list(self.machine.disk.mounted),
            "processes": self.living(),
            "fifos": list(self.serving.fifos.held),
            "terminals": list(self.serving.terminals.held),
            "tracked": list(self.shim.units),
            "containers": list(self.shim.containers),
            "creates": list(self.shim.creating),
            "remnants": self.shim.remnants,
            "farewells": list(self.shim.farewells),
        }
        return {what: left for what, left in things.items() if left}
