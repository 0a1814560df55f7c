"""One path of a scope, played from its beginning to the verdict, or until it is cut."""

from dataclasses import dataclass, field
from typing import Final

from sim.check.actors import Other, Owner
from sim.check.decisions import Decisions
from sim.check.faults import EveryFault
from sim.check.moments import BEGIN_S
from sim.check.scope import Scope
from sim.check.turns import Asked, EveryTurn
from sim.client import Host
from sim.incarnation import Incarnation
from sim.outcome import Outcome
from sim.scheduler import Task, sleep
from sim.session import BYSTANDER, boot, next_shim
from sim.world.kernel import Freezer, Kernel
from sim.world.story import Story
from sim.world.unit import Unit
from sim.world.world import World

STEPS_MAX: Final = 20_000
# Everybody has had his limit, and what is left for a resync has had two of them.
LIFE_MAX_S: Final = 3_000.0
SETTLE_S: Final = 130.0
FIRST: Final = "shim 1"


class Cut(BaseException):
    """The path has come to a state from which everything was tried before."""


@dataclass(slots=True)
class Stage:
    """A world for one path, and whoever acts in it."""

    scope: Scope
    scheduler: EveryTurn
    faults: EveryFault
    host: Host
    owner: Owner
    other: Other
    bystander: Unit
    crashes_left: int
    tasks: list[Task[None]] = field(default_factory=list)
    stuck: tuple[str, ...] = ()

    @classmethod
    def of(cls, scope: Scope, decisions: Decisions, story: Story) -> "Stage":
        scheduler = EveryTurn(decisions)
        faults = EveryFault(decisions, decisions=decisions, possible=scope.possible)
        kernel = Kernel(scheduler, faults, Freezer.V2, story)
        machine = boot(World(scheduler, decisions, faults, kernel, story))
        bystander = machine.systemd.units[BYSTANDER]
        host = Host(machine, Incarnation(machine, FIRST))
        owner = Owner(host, scope)
        return cls(scope, scheduler, faults, host, owner, Other(owner), bystander, 0)

    def play(self, asked: Asked) -> Outcome:
        """`asked` decides whose turn it is while everything is tried; it may raise `Cut`."""
        self.host.shim.boot()
        self._run(self.scheduler.spawn("first", self.owner.does(self.scope.given), "client"))
        self.scheduler.settle(STEPS_MAX)
        self._try_everything(asked)
        self._run(self.scheduler.spawn("the end", self.owner.clears_away(), "client"))
        self._run(self.scheduler.spawn("time", sleep(SETTLE_S), "world"))
        return self.outcome()

    def _try_everything(self, asked: Asked) -> None:
        scope = self.scope
        self.faults.left, self.crashes_left = scope.faults, scope.crashes
        self.scheduler.asked = asked
        self.tasks = [
            self.scheduler.spawn("first", self.owner.does(scope.first), "client"),
            self.scheduler.spawn("second", self.other.does(scope.second), "client"),
        ]
        for task in self.tasks:
            self._run(task)
        # Their calls have to end by themselves; clearing away would help them on.
        self.stuck = tuple(task.name for task in self.tasks if not task.done.is_open)
        self.scheduler.settle(STEPS_MAX)
        self.scheduler.asked = None
        self.faults.left = self.crashes_left = 0

    def _run(self, task: Task[None]) -> None:
        if task not in self.tasks:
            self.tasks.append(task)
        self.scheduler.run_until(task.done, STEPS_MAX, BEGIN_S + LIFE_MAX_S)

    def outcome(self) -> Outcome:
        """What the invariants are asked of: at the end, or as far as the path has come."""
        world = self.host.machine.world
        return Outcome(
            host=self.host,
            lives=(self.owner,),
            waiting=self.stuck or tuple(task.name for task in self.tasks if not task.done.is_open),
            touched=frozenset(),
            bystander=self.bystander,
            calm=not (world.faults.fired or self.scope.second or self.host.shim.name != FIRST),
            idle_steps=0,
        )

    def crash(self) -> None:
        """SIGKILL for the shim; systemd starts another, which may take any time to come."""
        world = self.host.machine.world
        self.crashes_left -= 1
        world.tell("shim", f"{self.host.shim.name} is killed")
        self.host.shim.die()
        self.host.shim = next_shim(self.host)
        self.host.shim.boot()
