"""A recording played up to a certain step, and what is to be said of it then."""

from dataclasses import dataclass
from typing import Final

from sim.explore.simpler import plain
from sim.faults import Fault
from sim.outcome import Violation
from sim.recording import InOrder, Recording, Replayer
from sim.run import Enough, play
from sim.scheduler import Scheduler
from sim.world.story import Hears, Kind, Line, Story, described

# The names under which clients draw.
CLIENTS: Final = ("life of ", "default/", "other/")


class Until(Replayer):
    """Replays so many steps; None: all of them."""

    def __init__(self, recording: Recording, steps_max: int | None = None) -> None:
        super().__init__(recording)
        self.given = recording
        self._steps_left = steps_max

    def goes_on(self, who: str) -> None:
        if self._steps_left is not None:
            if self._steps_left == 0:
                raise Enough
            self._steps_left -= 1
        super().goes_on(who)


class StruckStory(Story):
    """The short story, and in it a line for each fault."""

    def hearing(self, scheduler: Scheduler, heard: Hears) -> Hears:
        def both(fault: Fault) -> None:
            heard(fault)
            by = scheduler.choices.by
            what = f"{fault.at.name.replace('_', ' ').lower()} in {by!r}"
            self.lines.append(
                Line(scheduler.now, "fault", (f"{described(fault)}: {what}",), Kind.STRUCK)
            )

        return both


@dataclass(frozen=True, slots=True)
class Verdict:
    """`recording`: what was drawn, in the order that was given; `strokes`: crashes and faults;
    `clients`: how often each drew."""

    recording: Recording
    violations: tuple[Violation, ...]
    story: tuple[Line, ...]
    steps: int
    lives: int
    strokes: int
    clients: dict[str, int]

    def violates(self, invariant: str) -> bool:
        return any(each.invariant == invariant for each in self.violations)


def judged(choices: Until, catalogue: tuple[Fault, ...]) -> Verdict:
    """Plays it as far as it goes."""
    given, story = choices.given, StruckStory()
    report = play(choices, InOrder(given.turns), catalogue, story)
    drawn = choices.recording().draws
    return Verdict(
        # The order as it was given: what the world made of it is all that there is to it.
        recording=plain(Recording(given.seed, drawn, given.turns)),
        violations=report.violations,
        story=tuple(report.story.lines),
        steps=report.steps,
        lives=report.lives,
        strokes=report.crashes + sum(report.fired.values()),
        clients={who: len(values) for who, values in drawn.items() if who.startswith(CLIENTS)},
    )
