"""Every path of a scope, depth first, none of them past a state that was reached before.

What cuts a path is its state (state.py) at a decision: whatever could follow was tried, or is
being tried, from the first path that came there. Its past is judged where it is cut.
"""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from sim.check.decisions import Decisions, following
from sim.check.memory import Ahead, Arrival, Memory
from sim.check.moments import grid
from sim.check.scope import Scope
from sim.check.stage import Cut, Stage
from sim.check.state import States
from sim.garbage import swept_by_hand
from sim.invariants import check, check_so_far
from sim.outcome import Violation
from sim.world.story import Story

# Paths leave circles of tasks and latches behind: too many are slow, each time is slower.
PATHS_PER_SWEEP: Final = 200
CRASH: Final = "the shim is killed"
CIRCLE: Final = Violation("L2", "everything is as it was some time ago, and goes round for ever")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where an exploration gives up: decisions on one path, states in all. None: nowhere."""

    depth: int | None = None
    states: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A path that violates something: its decisions in words, and its story."""

    violations: tuple[Violation, ...]
    decisions: tuple[str, ...]
    story: Story


@dataclass(slots=True)
class Explored:
    """What came of a scope. `paths` were played to their end, the `cut` ones to a known state."""

    scope: Scope
    states: int = 0
    paths: int = 0
    cut: int = 0
    steps: int = 0
    depth: int = 0  # decisions on the longest path
    bounded: bool = False  # a bound has left something untried
    finding: Finding | None = None

    @property
    def is_proved(self) -> bool:
        """Everything was tried, and nothing violates anything."""
        return not self.bounded and self.finding is None


@dataclass(slots=True)
class Path:
    """One path: it decides, and is cut where another one has been."""

    stage: Stage
    decisions: Decisions
    memory: Memory
    bounds: Bounds
    states: States
    bounded: bool = False
    circle: bool = False
    is_cut: bool = False

    def play(self) -> tuple[Violation, ...]:
        """To its end or to where it is cut; what it violates."""
        try:
            return tuple(check(self.stage.play(self._turn)))
        except Cut:
            self.is_cut = True
            so_far = check_so_far(self.stage.outcome())
            return (CIRCLE, *so_far) if self.circle else tuple(so_far)
        finally:
            self.stage.scheduler.close()

    def _turn(self, places: Sequence[int]) -> int | None:
        may_crash = self.stage.crashes_left > 0
        count = len(places) + may_crash
        if count == 1:
            return places[0]
        if self.decisions.is_new:
            self._arrive()
        runnable = self.stage.scheduler.runnable
        names = [*(runnable[at][0].name for at in places), CRASH]
        option = self.decisions.decide(count, names.__getitem__)
        if option == len(places):
            self.stage.crash()
            return None
        return places[option]

    def _arrive(self) -> None:
        """At a state that the path has not seen yet; raises `Cut` if it goes no further."""
        stage = self.stage
        digest = self.states.digest(stage.host, (stage.owner, stage.other))
        struck = frozenset(stage.faults.fired)
        ahead = Ahead(stage.faults.left, stage.crashes_left, struck)
        line, depth = grid(stage.scheduler.now), len(self.decisions.made)
        arrival = self.memory.look(digest, ahead, line)
        if arrival is not Arrival.NEW:
            self.circle = arrival is Arrival.CIRCLE
            raise Cut
        if depth == self.bounds.depth or self.memory.count == self.bounds.states:
            self.bounded = True
            raise Cut
        self.memory.add(digest, ahead, depth, line)


@dataclass(slots=True)
class Explorer:
    scope: Scope
    bounds: Bounds
    memory: Memory = field(default_factory=Memory)
    states: States = field(default_factory=States)

    def run(self, heard: Callable[[Explored], None] = lambda _: None) -> Explored:
        """Tries everything; `heard` is told now and then how far it has come.

        Ends at the first path that violates something, and when there is a bound on states,
        with the first one that would go beyond it.
        """
        explored = Explored(self.scope)
        given: tuple[int, ...] | None = ()
        with swept_by_hand():
            while given is not None and explored.finding is None:
                given = self._one(given, explored)
                if (explored.paths + explored.cut) % PATHS_PER_SWEEP == 0:
                    gc.collect()
                    heard(explored)
        return explored

    def _one(self, given: tuple[int, ...], explored: Explored) -> tuple[int, ...] | None:
        path = self._path(given)
        violations = path.play()
        made = path.decisions.made
        explored.states = self.memory.count
        explored.paths += not path.is_cut
        explored.cut += path.is_cut
        explored.steps += path.stage.scheduler.steps
        explored.depth = max(explored.depth, len(made))
        explored.bounded |= path.bounded
        if violations:
            words = tuple(decision.what() for decision in made)
            story = path.stage.host.machine.world.story
            explored.finding = Finding(violations, words, story)
        if self.memory.count == self.bounds.states and path.bounded:
            return None
        following_one = following(made)
        if following_one is not None:
            self.memory.go_back(len(following_one) - 1)
        return following_one

    def _path(self, given: tuple[int, ...]) -> Path:
        decisions = Decisions(given)
        stage = Stage.of(self.scope, decisions, Story())
        return Path(stage, decisions, self.memory, self.bounds, self.states)
