"""A world that a test drives by hand: clients, a shim that can die, faults, time, the verdict."""

from collections.abc import Callable
from typing import Any, Final, NoReturn

from domain.identity import ContainerKey, ProcessKey
from domain.unit_definition import UnitDefinition, Value
from domain.unit_name import UnitName
from sim.client import Answer, Ask, Host
from sim.incarnation import Incarnation, Machine
from sim.invariants import INVARIANTS, Invariant, check
from sim.life import Life, Round
from sim.outcome import Outcome, Violation
from sim.scheduler import Task, sleep
from sim.world.kernel import Program
from sim.world.runc import args_of
from sim.world.world import World

STEPS_MAX: Final = 200_000
# Time enough for whatever goes on when nobody asks any more.
SETTLE_S: Final = 400.0
ADDRESS: Final = "/run/containerd/containerd.sock.ttrpc"
BYSTANDER: Final = UnitName("ssh.service")
# What never holds for a moment only, so that it can be asked of a world in motion.
SAFETY: Final[tuple[tuple[str, Invariant], ...]] = tuple(
    (name, holds) for name, holds in INVARIANTS if not name.startswith("L")
)


class Stage:
    """One world without any draw of its own about what happens in it."""

    def __init__(self, seed: int, names: tuple[tuple[str, str], ...]) -> None:
        self.world = World.from_seed(seed)
        self.scheduler = self.world.scheduler
        self.machine = Machine.in_world(self.world)
        self.machine.sink.address = ADDRESS
        self.machine.systemd.start(_bystander(), "administrator")
        self.bystander = self.machine.systemd.units[BYSTANDER]
        self.host = Host(self.machine, Incarnation(self.machine, "shim 1"))
        self.host.shim.boot()
        lives = (Life(self.host, container, namespace) for namespace, container in names)
        self.lives: dict[ContainerKey, Life] = {life.owner: life for life in lives}
        for life in self.lives.values():
            life.rounds.append(Round(0.0, True, False, False, ""))  # before its first container
        self.waiting: list[Task[Answer[Any] | None]] = []
        self.has_failed = False
        self.pass_time(1.0)  # until everything is up

    @property
    def serving(self) -> str:
        return self.host.shim.name

    @property
    def is_calm(self) -> bool:
        """Nothing ever went wrong here, so everything must be as it should."""
        return not self.world.faults.fired

    def fail(self, why: str) -> NoReturn:
        self.has_failed = True
        raise AssertionError(f"{why}\n\nThe world's story:\n{self.world.story}")

    def begin(
        self, what: str, key: ProcessKey, ask: Ask[Any], *, patient: bool
    ) -> Task[Answer[Any] | None]:
        asking = self.lives[key.owner].ask(what, key, ask, patient=patient)
        return self.scheduler.spawn(f"client: {what} {key}", asking, "client")

    def finish(self, call: Task[Answer[Any] | None]) -> Answer[Any] | None:
        """The answer. Without one the shim has done with the call, or is dead, all the same."""
        if not self.scheduler.run_until(call.done, STEPS_MAX):
            self.fail(f"{call.name!r} never ended")
        if call.bug is not None:
            self.fail(f"{call.name!r}: {call.bug!r}")
        answer = call.outcome()
        if answer is None:
            self._until_nobody_does(call.name.removeprefix("client: "))
        return answer

    def _until_nobody_does(self, work: str) -> None:
        ends = self.scheduler.now + SETTLE_S
        while work in self.scheduler.alive(self.serving):
            if self.scheduler.now > ends:
                self.fail(f"{work!r} goes on in the shim (L3)")
            self.pass_time(1.0)

    def ask(
        self, what: str, key: ProcessKey, ask: Ask[Any], *, patient: bool = True
    ) -> Answer[Any] | None:
        return self.finish(self.begin(what, key, ask, patient=patient))

    def pass_time(self, seconds: float) -> None:
        pause = self.scheduler.spawn("time", sleep(seconds), "world")
        self.scheduler.run_until(pause.done, STEPS_MAX)

    def until_it_serves(self) -> None:
        self.scheduler.run_until(self.host.shim.ready, STEPS_MAX)

    def end_shim(self, ends: Callable[[Incarnation], None], down_s: float) -> None:
        """By `Incarnation.die` or `Incarnation.cancel`; systemd starts another one."""
        dying = self.host.shim
        self.world.tell("shim", f"{dying.name} ends")
        ends(dying)
        self.host.shim = following = Incarnation(self.machine, f"shim {_number(dying) + 1}")
        self.scheduler.spawn("systemd restarts the shim", self._boot(following, down_s), "world")

    async def _boot(self, shim: Incarnation, down_s: float) -> None:
        await self.scheduler.first_of((), down_s)
        shim.boot()

    def end_shim_after(self, steps: int, down_s: float) -> None:
        """It dies before a later step of its own."""
        victim, left = self.serving, steps

        def before(task: Task[Any]) -> None:
            nonlocal left
            if task.group != victim:
                return
            left -= 1
            if left < 0:
                self.scheduler.before_step = None
                self.end_shim(Incarnation.die, down_s)

        self.scheduler.before_step = before

    def close(self) -> None:
        """Nobody in this world goes on: what was never begun would be complained about."""
        for number in range(1, _number(self.host.shim) + 1):
            self.scheduler.drop(f"shim {number}")
        for group in ("client", "world"):
            self.scheduler.drop(group)

    def broken(self) -> list[Violation]:
        """What does not hold now."""
        outcome = self._outcome(0)
        return [Violation(name, what) for name, holds in SAFETY for what in holds(outcome)]

    def verdict(self) -> list[Violation]:
        """What does not hold at the end."""
        self.pass_time(SETTLE_S)
        busy = self.scheduler.steps
        self.pass_time(SETTLE_S)
        return check(self._outcome(self.scheduler.steps - busy))

    def _outcome(self, idle_steps: int) -> Outcome:
        return Outcome(
            host=self.host,
            lives=tuple(self.lives.values()),
            waiting=tuple(call.name for call in self.waiting if not call.done.is_open),
            touched=frozenset(),
            bystander=self.bystander,
            calm=self.is_calm and self.serving == "shim 1",
            idle_steps=idle_steps,
        )


def _number(shim: Incarnation) -> int:
    return int(shim.name.split()[1])


def _bystander() -> UnitDefinition:
    properties: dict[str, Value] = {"Type": "exec", "Slice": "system.slice", "TimeoutStopUSec": 0}
    return UnitDefinition(BYSTANDER, args_of(Program(runs_s=None)), properties)
