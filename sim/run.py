"""One seed: a world, some lives in it, faults until T0, crashes, and the verdict."""

import gc
import warnings
from dataclasses import dataclass, replace
from typing import Any, Final

from sim.choices import SETUP, Choices
from sim.client import Host
from sim.ending import Ending, draw, shut_down, switch_on_again
from sim.endless import Endless, broken_off
from sim.explore.coverage import Coverage, Reached
from sim.faults import CATALOGUE, Fault
from sim.incarnation import Incarnation
from sim.invariants import BUG, STOPS, check, check_so_far
from sim.outcome import Violation
from sim.picks import Anyone, Priorities
from sim.scheduler import Pick, Task, first_of
from sim.session import STEPS_MAX, Session, boot, next_shim
from sim.weather import Weather
from sim.world.story import Story
from sim.world.world import World

# The share of seeds whose scheduler goes by priorities.
BY_PRIORITIES: Final = 0.25
# A restart of the daemon takes a moment.
DOWN_S: Final = (0.0, 2.0)


class Enough(Exception):  # noqa: N818 (nothing is wrong)
    """Raised by choices that want no more of a run: it is judged as things stand."""


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
    warned: dict[str, None] = {}

    # A dictionary, for a rule that does not end warns without end.
    def hear(message: Warning | str, *_: object, **__: object) -> None:
        warned[str(message)] = None

    with warnings.catch_warnings():
        # Of a coroutine that nobody awaited Python says no more than that.
        warnings.simplefilter("always")
        warnings.showwarning = hear
        report = _played_to_its_end(choices, pick, catalogue, story)
        if report is None:
            # Now, while nobody listens: its coroutines would warn in another world's time.
            gc.collect()
            return _endless(choices, story)
    found = tuple(Violation(BUG, message) for message in warned)
    return replace(report, violations=(*report.violations, *found))


def _played_to_its_end(
    choices: Choices, pick: Pick, catalogue: tuple[Fault, ...], story: Story | None
) -> Report | None:
    """None: there is no end."""
    try:
        with broken_off():
            return _played(choices, pick, catalogue, story)
    except Endless:
        return None


def _endless(choices: Choices, story: Story | None) -> Report:
    """All that can be said of a world that stands still."""
    violations = (Violation(BUG, "a rule goes round and round and never awaits"),)
    return Report(choices.seed, 0, 0, 0, choices, {}, (), violations, story or Story())


def _played(
    choices: Choices, pick: Pick, catalogue: tuple[Fault, ...], story: Story | None
) -> Report:
    world = World.drawn(choices, pick, story)
    machine = boot(world)
    choices.by = "weather"
    today = Weather.drawn(choices)
    choices.by = "faults"
    world.faults.draw_some(catalogue, today.often)
    choices.by = SETUP
    host = Host(machine, Incarnation(machine, "shim 1"))
    coverage = Coverage(host)
    world.faults.heard = world.story.hearing(world.scheduler, coverage.fired)
    choices.by = "crashes"
    crashes = Crashes.drawn(host, coverage, today)
    choices.by = "ending"
    ending, t0_s = draw(choices)
    choices.by = SETUP
    t0 = world.scheduler.spawn("T0", _end_faults(world, t0_s), "time")
    session = Session.begun(host)
    lives, violations = session.lives, []
    try:
        if ending is not Ending.HEAL:
            world.scheduler.run_until(t0.done, STEPS_MAX)
            violations += _strike(ending, session)
            if ending is not Ending.CRASH:
                session = Session.begun(host)
                lives += session.lives
        session.come_to_an_end()
        violations += check(session.outcome())
    except Enough:
        violations += check_so_far(session.outcome())
        world.scheduler.drop()
    return Report(
        seed=choices.seed,
        lives=sum(len(life.rounds) for life in lives),
        steps=world.scheduler.steps,
        crashes=crashes.happened,
        choices=choices,
        fired=world.faults.fired,
        reached=tuple(coverage.reached),
        violations=tuple(violations),
        story=world.story,
    )


def _strike(ending: Ending, session: Session) -> list[Violation]:
    """What comes at T0 beside the end of all faults; what it finds broken."""
    if ending is Ending.CRASH:
        crash(session.host)
        return []
    violations = []
    if ending is Ending.SHUTDOWN and not shut_down(session):
        violations.append(Violation(STOPS, "a unit did not stop when the machine was shut down"))
    violations += check_so_far(session.outcome())
    switch_on_again(session.host)
    return violations


async def _end_faults(world: World, t0_s: float) -> None:
    await first_of((), t0_s)
    world.faults.ended = True


@dataclass(slots=True)
class Crashes:
    """Kills the shim before steps of its own tasks, a few times; systemd starts it again."""

    host: Host
    coverage: Coverage
    left: int
    rate: float
    happened: int = 0

    @classmethod
    def drawn(cls, host: Host, coverage: Coverage, today: Weather) -> "Crashes":
        choices = host.machine.world.choices
        most, rate = choices.one_of(today.crashes), 1.0 / choices.one_of(today.within)
        drawn = cls(host, coverage, most, rate)
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
    host.shim = next_shim(host)
    world.scheduler.spawn("systemd restarts the shim", _come_back(host.shim, world), "world")


async def _come_back(shim: Incarnation, world: World) -> None:
    await world.scheduler.first_of((), world.choices.between(*DOWN_S))
    if not shim.dead.is_open:
        shim.boot()
