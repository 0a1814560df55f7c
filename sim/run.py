"""One seed: a world, some lives in it, faults until T0, a crash or two, and the verdict."""

from dataclasses import dataclass
from typing import Any, Final

from sim.faults import CATALOGUE
from sim.incarnation import Incarnation, Machine
from sim.invariants import Outcome, Violation, check
from sim.life import Host, Life
from sim.scheduler import Task
from sim.world.story import Story
from sim.world.world import World

LIVES_MAX: Final = 4
STEPS_MAX: Final = 400_000
CRASHES_MAX: Final = 2
# Faults end here; from then on everything must come right.
FAULTS_END_S: Final = 60.0
# A restart of the daemon takes a moment.
DOWN_S: Final = (0.0, 2.0)


@dataclass(frozen=True, slots=True)
class Report:
    seed: int
    lives: int
    steps: int
    crashes: int
    digest: str
    fired: dict[str, int]
    violations: tuple[Violation, ...]
    story: Story


def run(seed: int) -> Report:
    """Plays the seed to its end and judges it. Pure: the same seed, the same report (S32)."""
    world = World.from_seed(seed)
    machine = Machine.in_world(world)
    choices = world.choices
    world.faults.draw_some(CATALOGUE)
    host = Host(machine, Incarnation(machine, "shim 1"))
    host.shim.boot()
    crashes = _plan_crashes(host, choices.index(CRASHES_MAX + 1))
    # Two containers may have one id, in namespaces of their own (S33).
    lives = tuple(
        Life(host, f"c{number // 2}", ("default", "other")[number % 2])
        for number in range(1 + choices.index(LIVES_MAX))
    )
    tasks = [world.scheduler.spawn(f"life of {life.key}", life.live(), "client") for life in lives]
    world.scheduler.spawn("T0", _end_faults(world), "world")
    for task in tasks:
        world.scheduler.run_until(task.done, STEPS_MAX)
    waiting = tuple(task.name for task in tasks if not task.done.is_open)
    _settle(world)
    held = len(host.shim.fifos.held) + len(host.shim.terminals.held)
    return Report(
        seed=seed,
        lives=len(lives),
        steps=world.scheduler.steps,
        crashes=crashes,
        digest=choices.digest(),
        fired=world.faults.fired,
        violations=tuple(check(Outcome(machine, lives, waiting, held))),
        story=world.story,
    )


async def _end_faults(world: World) -> None:
    await world.scheduler.first_of((), FAULTS_END_S)
    world.faults.ended = True


def _settle(world: World) -> None:
    """Lets what goes on beside the clients come to its end: a resync or two is enough."""
    pause = world.scheduler.spawn("settle", world.scheduler.first_of((), 400.0), "world")
    world.scheduler.run_until(pause.done, STEPS_MAX)


def _plan_crashes(host: Host, count: int) -> int:
    """Kills the shim before drawn steps of its own tasks; systemd starts it again."""
    world = host.machine.world
    at = sorted(world.choices.index(400) for _ in range(count))
    seen = 0

    def before(task: Task[Any]) -> None:
        nonlocal seen
        if task.group != host.shim.name:
            return
        seen += 1
        if at and seen > at[0]:
            at.pop(0)
            _crash(host)

    world.scheduler.before_step = before
    return count


def _crash(host: Host) -> None:
    world = host.machine.world
    dying = host.shim
    world.tell("shim", f"{dying.name} dies")
    if world.choices.happens(0.8):
        dying.die()
    else:
        dying.cancel()
    number = int(dying.name.split()[1]) + 1
    host.shim = Incarnation(host.machine, f"shim {number}")
    world.scheduler.spawn("systemd restarts the shim", _come_back(host.shim, world), "world")


async def _come_back(shim: Incarnation, world: World) -> None:
    await world.scheduler.first_of((), world.choices.between(*DOWN_S))
    shim.boot()
