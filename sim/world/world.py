"""The whole small world, and how a port call passes through it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf
from typing import Final, TypeVar

from domain.exit_status import Timestamp
from sim.choices import Choices
from sim.faults import At, Does, Faults
from sim.picks import Anyone
from sim.scheduler import Pick, Scheduler, first_of, sleep
from sim.world.kernel import Freezer, Kernel
from sim.world.story import Detail, Story

T = TypeVar("T")

NS_PER_S: Final = 1_000_000_000
# The virtual wall clock's start; any fixed day will do.
EPOCH_S: Final = 1_700_000_000
# An ordinary call takes up to so long; what matters is that the order among calls is drawn.
ORDINARY_S: Final = 0.01
# Of so many calls the answer takes a way of its own, on which others may come between.
ANSWER_TRAVELS: Final = 0.25
# Of so many calls on the bus the effect and the caller's going on are one step.
IN_STEP: Final = 0.8


class Line:
    """The order in which a connection's calls arrive: as they were sent."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0.0

    def turn(self, earliest: float) -> float:
        """When a call that could arrive at `earliest` does arrive."""
        self._last = max(self._last, earliest)
        return self._last


class Lost(Enum):
    """A call that has no answer of its own."""

    REFUSED = auto()  # nothing was done, and it says so
    DENIED = auto()  # it was done, and says that it was not
    LATE = auto()  # nobody knows: the deadline has passed


@dataclass(slots=True)
class World:
    scheduler: Scheduler
    choices: Choices
    faults: Faults
    kernel: Kernel
    story: Story
    # By how much the wall clock was set since the start (F122); whole days, so that the hour of
    # a time still says when it was (sim/outcome.py).
    clock_is_off_s: int = 0
    # `tell` for a close look: in an ordinary run nobody listens.
    detail: Detail = field(init=False)

    def __post_init__(self) -> None:
        self.detail = self.story.detailing(self.scheduler)

    @classmethod
    def from_seed(cls, seed: int) -> "World":
        choices = Choices(seed)
        return cls.drawn(choices, Anyone(choices))

    @classmethod
    def drawn(cls, choices: Choices, pick: Pick, story: Story | None = None) -> "World":
        """A world whose every choice is one of these; `pick` is who goes on next.

        `story` is what it is told to: by default the short one.
        """
        story = story or Story()
        scheduler = Scheduler(choices, pick)
        faults = Faults(choices)
        kernel = Kernel(scheduler, faults, choices.one_of((Freezer.V1, Freezer.V2)), story)
        return cls(scheduler, choices, faults, kernel, story)

    async def ask(self, at: At, act: Callable[[], T], within: float = inf) -> T | Lost:
        """One call: it arrives, `act` is done, and the answer travels back.

        `within` is the caller's deadline; what has not arrived by then is called back.
        """
        choices = self.choices
        does = self.faults.verdict(at)
        if within <= 0.0:
            return Lost.LATE  # nobody answers in no time
        if does is not None:
            return await self._amiss(does, act, within)
        await first_of((), choices.draw() * ORDINARY_S)
        answer = act()
        if choices.happens(ANSWER_TRAVELS):
            await first_of((), choices.draw() * ORDINARY_S)
        return answer

    async def _amiss(self, does: Does, act: Callable[[], T], within: float) -> T | Lost:
        arrives = self.choices.draw() * ORDINARY_S
        answered = arrives + self.choices.draw() * ORDINARY_S
        match does:
            case Does.FAILS_BEFORE:
                await sleep(arrives)
                return Lost.REFUSED
            case Does.LATE:
                lateness = self.faults.lateness()
                arrives, answered = arrives + lateness, answered + lateness
            case Does.ANSWERS_LATE:
                answered += self.faults.lateness()
            case Does.NEVER_ARRIVES:
                arrives = answered = inf
            case Does.NEVER_ANSWERS:
                answered = inf
            case Does.FAILS_AFTER:
                pass
        return await self._in_time(does, act, (arrives, answered, within))

    async def _in_time(
        self, does: Does, act: Callable[[], T], times: tuple[float, float, float]
    ) -> T | Lost:
        arrives, answered, within = times
        if arrives > within:
            await sleep(within)
            return Lost.LATE
        await sleep(arrives)
        answer = act()
        await sleep(min(answered, within) - arrives)
        if does is Does.FAILS_AFTER:
            return Lost.DENIED
        return answer if answered <= within else Lost.LATE

    async def post(self, at: At, act: Callable[[], T], within: float, line: Line) -> T | Lost:
        """A call on the bus: it arrives in its turn, and nobody can call it back (S34).

        So its effect may come after the deadline, or after its sender's death.
        """
        choices = self.choices
        does = self.faults.verdict(at)
        if does is Does.NEVER_ARRIVES or within <= 0.0:
            await sleep(within)
            return Lost.LATE
        lateness = self.faults.lateness() if does is Does.LATE else 0.0
        arrives = line.turn(self.scheduler.now + choices.draw() * ORDINARY_S + lateness)
        if does is Does.FAILS_BEFORE:
            await sleep(arrives - self.scheduler.now)
            return Lost.REFUSED
        if does is None and arrives - self.scheduler.now <= within and choices.draw() < IN_STEP:
            await sleep(arrives - self.scheduler.now)
            return act()
        carrier = self.scheduler.spawn(f"carry {at.name}", self._carry(arrives, act), "world")
        if does is Does.NEVER_ANSWERS:
            await sleep(within)
            return Lost.LATE
        came = await self.scheduler.first_of((carrier.done,), within)
        if does is Does.FAILS_AFTER:
            return Lost.DENIED
        return Lost.LATE if came is None else carrier.outcome()

    async def _carry(self, arrives: float, act: Callable[[], T]) -> T:
        await sleep(arrives - self.scheduler.now)
        return act()

    async def pass_through(self, at: At) -> Does | None:
        """A call without an answer: takes its time, and learns what has become of it."""
        does = self.faults.verdict(at)
        late = does in {Does.LATE, Does.ANSWERS_LATE}
        await sleep(self.faults.lateness() if late else self.choices.draw() * ORDINARY_S)
        return does

    def wall(self) -> Timestamp:
        return Timestamp(int((EPOCH_S + self.clock_is_off_s + self.scheduler.now) * NS_PER_S))

    def tell(self, who: str, *parts: object) -> None:
        """The parts are frozen values: what they say now is what is read later."""
        self.story.tell(self.scheduler.now, who, *parts)
        self.choices.note(parts)
