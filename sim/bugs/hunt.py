"""Plays seeds with a bug in the rules until an invariant says so."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf

from sim.bugs.bug import Bug, planted
from sim.run import Report, run

# Seconds of any clock; which one is the caller's choice, for sim/ has none.
Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Hunt:
    """How it went. Without a `seed` the bug was not found."""

    bug: Bug
    seed: int | None
    played: int
    took_s: float
    invariants: tuple[str, ...] = ()
    story: int = 0  # lines

    @property
    def is_found(self) -> bool:
        return self.seed is not None


def hunt(bug: Bug, seeds: Iterable[int], clock: Clock = lambda: 0.0, within_s: float = inf) -> Hunt:
    """Until a seed breaks an invariant, there is none left, or the time is up."""
    begun_s = clock()
    played = 0
    for seed in seeds:
        with planted(bug):
            report = run(seed)
        played += 1
        took_s = clock() - begun_s
        if report.violations:
            return Hunt(bug, seed, played, took_s, _broken(report), len(report.story.lines))
        if took_s >= within_s:
            break
    return Hunt(bug, None, played, clock() - begun_s)


def hunts(
    bugs: Iterable[Bug], seeds: Iterable[int], clock: Clock, within_s: float = inf
) -> Iterator[Hunt]:
    """One hunt for each bug, as they end; `seeds` is gone through anew each time."""
    return (hunt(bug, seeds, clock, within_s) for bug in bugs)


def _broken(report: Report) -> tuple[str, ...]:
    return tuple(dict.fromkeys(violation.invariant for violation in report.violations))
