"""The shortest story that still violates the same: a recording is made less until nothing can go.

Delta debugging (Zeller and Hildebrandt, 2002) over what a recording is made of, from the
coarse to the fine: lives, faults, crashes, whoever draws, single draws, and the order of turns;
again and again until a round changes nothing, or the plays or the time are over.

An invariant that holds at any time is violated at one certain step: what comes behind it is
not played any more, and is no part of the story.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, TypeVar

from returns.result import Failure, Result, Success

from sim import invariants
from sim.explore import simpler
from sim.explore.cut import Until, Verdict, judged
from sim.explore.folded import folded, steps
from sim.explore.simpler import Place, drawing, places, plain, without_streams, without_turns
from sim.faults import CATALOGUE, Fault
from sim.outcome import Violation
from sim.recording import PLAINEST, Recording

T = TypeVar("T")

PLAYS_MAX: Final = 6_000
# The least plain draw: what hardly ever happens does. So many of a client's are tried with it.
RAREST: Final = 0.99
RARE_WITHIN: Final = 40
# A story without this crash or fault may be so much longer, and one without this life.
LINES_FOR_A_STROKE: Final = 2
LINES_FOR_A_LIFE: Final = 4
# What a draw is rounded to, in digits.
DIGITS: Final = (1, 2, 3)


class Size(NamedTuple):
    """What is smaller is better, the story's weight first: its lines, and what it is about."""

    weight: int
    draws: int
    turns: int
    digits: int


@dataclass(frozen=True, slots=True)
class Shrunk:
    """`story` ends where the violation is; `plays`: how many it took; `whole`: nothing more can
    be left out, as far as was tried within the limits."""

    recording: Recording
    violation: Violation
    story: tuple[str, ...]
    plays: int
    whole: bool


class Over(Exception):  # noqa: N818 (no error: the plays or the time are used up)
    """No more plays."""


def shrink(
    recording: Recording,
    catalogue: tuple[Fault, ...] = CATALOGUE,
    invariant: str | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Result[Shrunk, str]:
    """What is left of the recording. Fails with a sentence when it violates nothing.

    `invariant`: which to keep violated; by default the first that is. `is_over` is asked before
    each play. Deterministic, unless it is the time that is over.
    """
    whole = judged(Until(recording), catalogue)
    found = [each for each in whole.violations if invariant in {None, each.invariant}]
    if not found:
        return Failure(f"it does not violate {invariant or 'anything'}")
    return Success(Shrinker(whole, found[0].invariant, catalogue, is_over).shrunk())


@dataclass(slots=True)
class Shrinker:
    """`best` is the least so far that violates the invariant."""

    best: Verdict
    invariant: str
    catalogue: tuple[Fault, ...]
    is_over: Callable[[], bool]
    steps_max: int | None = None
    plays: int = 1
    _tried: dict[str, None] = field(default_factory=dict)

    def shrunk(self) -> Shrunk:
        """Rounds of all that can be tried, until one changes nothing."""
        whole = False
        try:
            while not whole:
                before = size(self.best)
                self._cut()
                for attempt in (
                    self._plain_order,
                    self._one_life,
                    self._faults,
                    self._streams,
                    self._draws,
                    self._rare,
                    self._turns,
                    self._digits,
                ):
                    attempt()
                whole = size(self.best) == before
        except Over:
            pass
        violation = next(each for each in self.best.violations if each.invariant == self.invariant)
        story = tuple(folded(self.best.story))
        return Shrunk(self.best.recording, violation, story, self.plays, whole)

    def _cut(self) -> None:
        """Finds the step that violates it: with one less it is not, with that one it is."""
        if all(name != self.invariant for name, _ in invariants.AT_ANY_TIME):
            return
        too_few, enough = 0, self.best.steps
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            verdict = self._play(self.best.recording, middle)
            if verdict.violates(self.invariant):
                enough, self.best = middle, verdict
            else:
                too_few = middle
        self.steps_max = enough

    def _plain_order(self) -> None:
        self._try(replace(self.best.recording, turns=()))

    def _one_life(self) -> None:
        """The one that matters may be another than the first, which is there in any case."""
        for candidate in simpler.of_one_life(self.best.recording):
            self._try(candidate)

    def _faults(self) -> None:
        for fault in self.catalogue:
            recording = self.best.recording
            self._try(without_streams(recording, simpler.of_fault(recording, fault)))

    def _streams(self) -> None:
        for out in (simpler.crashes, simpler.lives):
            self._less(out, without_streams)
        self._less(lambda recording: list(recording.draws), without_streams)

    def _draws(self) -> None:
        def zeroed(recording: Recording, out: Sequence[Place]) -> Recording:
            return drawing(recording, dict.fromkeys(out, PLAINEST))

        self._less(places, zeroed)

    def _turns(self) -> None:
        self._less(lambda recording: [*range(len(recording.turns))], without_turns)

    def _rare(self) -> None:
        """A client that leaves something out may have the shorter story."""
        for who, count in tuple(self.best.clients.items()):
            for at in range(min(count, RARE_WITHIN)):
                self._try(drawing(self.best.recording, {Place(who, at): RAREST}))

    def _digits(self) -> None:
        for place in places(self.best.recording):
            for digits in DIGITS:
                values = self.best.recording.draws.get(place.stream, ())
                rounded = round(values[place.at], digits) if place.at < len(values) else 1.0
                if rounded < 1.0 and self._try(drawing(self.best.recording, {place: rounded})):
                    break

    def _less(
        self,
        things: Callable[[Recording], list[T]],
        without: Callable[[Recording, Sequence[T]], Recording],
    ) -> None:
        """Leaves out as much as can be: halves, quarters, and so on down to single things."""
        length = len(things(self.best.recording))
        while length:
            at = 0
            while out := things(self.best.recording)[at : at + length]:
                if not self._try(without(self.best.recording, out)):
                    at += length
            length //= 2

    def _try(self, candidate: Recording) -> bool:
        """Takes it for the best if it violates the same and is less."""
        candidate = plain(candidate)
        fingerprint = repr(candidate)
        if fingerprint in self._tried:
            return False
        self._tried[fingerprint] = None
        verdict = self._play(candidate, self.steps_max)
        if not verdict.violates(self.invariant) or size(verdict) >= size(self.best):
            return False
        # Who plays it again plays it to its end.
        if self.steps_max is not None and not self._play(verdict.recording, None).violates(
            self.invariant
        ):
            return False
        self.best = verdict
        return True

    def _play(self, recording: Recording, steps_max: int | None) -> Verdict:
        if self.plays >= PLAYS_MAX or self.is_over():
            raise Over
        self.plays += 1
        return judged(Until(recording, steps_max), self.catalogue)


def size(verdict: Verdict) -> Size:
    """By the story up to the violation, and what it takes to play it."""
    recording = verdict.recording
    values = [value for drawn in recording.draws.values() for value in drawn]
    return Size(
        weight=steps(verdict.story)
        + LINES_FOR_A_LIFE * verdict.lives
        + LINES_FOR_A_STROKE * verdict.strokes,
        draws=sum(value != PLAINEST for value in values),
        turns=len(recording.turns),
        digits=sum(len(repr(value)) for value in values),
    )
