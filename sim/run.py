"""One seed: a world, some lives in it, faults until T0, a crash or two, and the verdict."""

from dataclasses import dataclass
from typing import Any, Final

from domain.unit_definition import UnitDefinition, Value
from domain.unit_name import UnitName
from sim.choices import SETUP, Choices
from sim.client import Host
from sim.explore.coverage import Coverage, Reached
from sim.faults import CATALOGUE, Fault
from sim.incarnation import Incarnation, Machine
from sim.invariants import check
from sim.life import Life
from sim.others import Administrator, SecondClient
from sim.outcome import Outcome, Violation
from sim.picks import Anyone, Priorities
from sim.scheduler import Pick, Task, sleep
from sim.world.kernel import Program
from sim.world.runc import args_of
from sim.world.story import Story
from sim.world.systemd import Unit
from sim.world.world import World

LIVES_MAX: Final = 4
STEPS_MAX: Final = 200_000
CRASHES_MAX: Final = 2
# The share of seeds whose scheduler goes by priorities.
BY_PRIORITIES: Final = 0.25
# A crash comes within about so many steps of the shim's own: at its start, in the thick, late.
CRASH_WITHIN: Final = (60, 400, 1_500)
# Faults end here; from then on everything must come right.
FAULTS_END_S: Final = 60.0
# No life takes longer, even if every call has to wait for its limit again and again.
LIFE_MAX_S: Final = 3_000.0
# What goes on beside the clients comes to its end: a resync or two is enough.
SETTLE_S: Final = 200.0
IDLE_S: Final = 200.0
# A restart of the daemon takes a moment.
DOWN_S: Final = (0.0, 2.0)
CONTAINERD: Final = "/run/containerd/containerd.sock.ttrpc"
BYSTANDER: Final = UnitName("ssh.service")


@dataclass(frozen=True, slots=True)
class Report:
    seed: int
    lives: int
    steps: int
    crashes: int
    choices: Choices
    fired: dict[str, int]
    reached: tuple[Reached, ...]
    violations: tuple[Violation, ...]
    story: Story

    @property
    def digest(self) -> str:
        """Of every step and everything that happened (S32)."""
        return self.choices.digest()


def run(seed: int, catalogue: tuple[Fault, ...] = CATALOGUE, story: Story | None = None) -> Report:
    """Plays the seed to its end and judges it. Pure: the same seed, the same report (S32)."""
    choices = Choices(seed)
    return play(choices, picked_by(choices), catalogue, story)


def picked_by(choices: Choices) -> Pick:
    """How this seed's scheduler picks: most let everybody have the same chance."""
    return Priorities(choices) if choices.toss() < BY_PRIORITIES else Anyone(choices)


def play(
    choices: Choices,
    pick: Pick,
    catalogue: tuple[Fault, ...] = CATALOGUE,
    story: Story | None = None,
) -> Report:
    """The world of these choices, from its beginning to the verdict.

    `story` is what it is told to: by default the short one, which costs least.
    """
    world = World.drawn(choices, pick, story)
    machine = Machine.in_world(world)
    machine.sink.address = CONTAINERD
    bystander = _bystander(machine)
    choices.by = "faults"
    world.faults.draw_some(catalogue)
    choices.by = SETUP
    host = Host(machine, Incarnation(machine, "shim 1"))
    coverage = Coverage(host)
    world.faults.heard = world.story.hearing(world.scheduler, coverage.fired)
    host.shim.boot()
    crashes = Crashes.drawn(host, coverage)
    lives = _draw_lives(host)
    spawn = world.scheduler.spawn
    tasks = [spawn(f"life of {life.owner}", life.live(), "client") for life in lives]
    seconds = _second_clients(lives, tasks)
    administrators = _administrators(lives)
    spawn("T0", _end_faults(world), "world")
    for task in tasks:
        world.scheduler.run_until(task.done, STEPS_MAX, LIFE_MAX_S)
    _pass_time(world, SETTLE_S)
    busy = world.scheduler.steps
    _pass_time(world, IDLE_S)
    others = seconds or administrators
    outcome = Outcome(
        host=host,
        lives=lives,
        waiting=tuple(task.name for task in tasks if not task.done.is_open),
        touched=frozenset(unit for each in administrators for unit in each.touched),
        bystander=bystander,
        calm=not (world.faults.fired or others or host.shim.name != "shim 1"),
        idle_steps=world.scheduler.steps - busy,
    )
    return Report(
        seed=choices.seed,
        lives=sum(len(life.rounds) for life in lives),
        steps=world.scheduler.steps,
        crashes=crashes.happened,
        choices=choices,
        fired=world.faults.fired,
        reached=tuple(coverage.reached),
        violations=tuple(check(outcome)),
        story=world.story,
    )


def _bystander(machine: Machine) -> Unit:
    """A service that is nobody's business here (S18)."""
    properties: dict[str, Value] = {"Type": "exec", "Slice": "system.slice", "TimeoutStopUSec": 0}
    definition = UnitDefinition(BYSTANDER, args_of(Program(runs_s=None)), properties)
    machine.systemd.start(definition, "administrator")
    return machine.systemd.units[BYSTANDER]


def _draw_lives(host: Host) -> tuple[Life, ...]:
    """Two containers may have one id, in namespaces of their own (S33)."""
    return tuple(
        Life(host, f"c{number // 2}", ("default", "other")[number % 2])
        for number in range(1 + host.machine.world.choices.index(LIVES_MAX))
    )


def _second_clients(lives: tuple[Life, ...], tasks: list[Task[None]]) -> tuple[SecondClient, ...]:
    """Some lives have one; like the first ones they must come to their end."""
    clients = tuple(SecondClient(life) for life in lives if life.choices.happens(0.2))
    for client in clients:
        name = f"second client of {client.owner}"
        tasks.append(client.scheduler.spawn(name, client.meddle(), "client"))
    return clients


def _administrators(lives: tuple[Life, ...]) -> tuple[Administrator, ...]:
    administrators = tuple(Administrator(life) for life in lives if life.choices.happens(0.15))
    for each in administrators:
        lives[0].scheduler.spawn("administrator", each.act(), "world")
    return administrators


async def _end_faults(world: World) -> None:
    await world.scheduler.first_of((), FAULTS_END_S)
    world.faults.ended = True


def _pass_time(world: World, seconds: float) -> None:
    pause = world.scheduler.spawn("time", sleep(seconds), "world")
    world.scheduler.run_until(pause.done, STEPS_MAX)


@dataclass(slots=True)
class Crashes:
    """Kills the shim before steps of its own tasks, a few times; systemd starts it again."""

    host: Host
    coverage: Coverage
    left: int
    rate: float
    happened: int = 0

    @classmethod
    def drawn(cls, host: Host, coverage: Coverage) -> "Crashes":
        choices = host.machine.world.choices
        drawn = cls(
            host, coverage, choices.index(CRASHES_MAX + 1), 1.0 / choices.one_of(CRASH_WITHIN)
        )
        if drawn.left:
            host.machine.world.scheduler.before_step = drawn.before
        return drawn

    def before(self, task: Task[Any]) -> None:
        if task.group != self.host.shim.name:
            return
        world = self.host.machine.world
        mine = world.choices.by
        world.choices.by = f"crash before {mine}"
        if world.choices.happens(self.rate):
            self.happened += 1
            self.coverage.crashed(mine)
            crash(self.host)
            if self.happened == self.left:
                world.scheduler.before_step = None
        world.choices.by = mine


def crash(host: Host) -> None:
    """The shim's process ends, by SIGKILL or in order; systemd starts another."""
    world = host.machine.world
    dying = host.shim
    if world.choices.happens(0.2):
        world.tell("shim", f"{dying.name} shuts down")
        dying.cancel()
    else:
        world.tell("shim", f"{dying.name} is killed")
        dying.die()
    number = int(dying.name.split()[1]) + 1
    host.shim = Incarnation(host.machine, f"shim {number}")
    world.scheduler.spawn("systemd restarts the shim", _come_back(host.shim, world), "world")


async def _come_back(shim: Incarnation, world: World) -> None:
    await world.scheduler.first_of((), world.choices.between(*DOWN_S))
    shim.boot()
