"""What many plays amount to, in a few plain lines; two of them add up."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from sim.explore.coverage import Reached
from sim.explore.plays import PlayName
from sim.outcome import Violation
from sim.run import Report

STORY_TAIL: Final = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """A play that violates something. `name` plays it again; `tail`: how its story ends."""

    name: PlayName
    violations: tuple[Violation, ...]
    tail: tuple[str, ...]


@dataclass(slots=True)
class Summary:
    """Grows with each report, and by other summaries; of stories only the violating are kept."""

    seeds: int = 0
    mutants: int = 0
    lives: int = 0
    steps: int = 0
    crashes: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    # Each with the play that reached it first.
    reached: dict[Reached, PlayName] = field(default_factory=dict)
    failed: list[Finding] = field(default_factory=list)

    def add(self, report: Report, name: PlayName | None = None) -> None:
        """`name`: of the play; without one it is a seed's."""
        name = PlayName(report.seed) if name is None else name
        if name.mutations:
            self.mutants += 1
        else:
            self.seeds += 1
        self.lives += report.lives
        self.steps += report.steps
        self.crashes += report.crashes
        self._count(report.fired)
        for each in report.reached:
            self.reached.setdefault(each, name)
        if report.violations:
            tail = tuple(map(str, report.story.lines[-STORY_TAIL:]))
            self.failed.append(Finding(name, report.violations, tail))

    def merge(self, later: "Summary") -> None:
        """Of plays that come after these."""
        self.seeds += later.seeds
        self.mutants += later.mutants
        self.lives += later.lives
        self.steps += later.steps
        self.crashes += later.crashes
        self._count(later.fired)
        for each, name in later.reached.items():
            self.reached.setdefault(each, name)
        self.failed += later.failed

    def _count(self, fired: dict[str, int]) -> None:
        for number, times in fired.items():
            self.fired[number] = self.fired.get(number, 0) + times

    @property
    def violations(self) -> int:
        return sum(len(finding.violations) for finding in self.failed)

    def lines(self, took_s: float) -> list[str]:
        """`took_s` is the time on the wall; lives a second come from it."""
        fired = ", ".join(f"{number} {self.fired[number]}" for number in in_order(self.fired))
        pace = f"{self.lives / took_s:,.0f}" if took_s > 0 else "-"
        return [
            f"seeds       {self.seeds:,}",
            f"mutants     {self.mutants:,}",
            f"lives       {self.lives:,}",
            f"steps       {self.steps:,}",
            f"crashes     {self.crashes:,}",
            f"faults      {sum(self.fired.values()):,}: {fired or 'none'}",
            f"reached     {len(self.reached):,} of phase, fault and operation",
            f"violations  {self.violations:,}",
            f"pace        {pace} lives a second",
        ]


def replay(name: object) -> str:
    """The command that plays this very seed or mutant again."""
    return f"shimctl sim replay {name}"


def shrink(name: object) -> str:
    """The command that finds the shortest story of what this play violates."""
    return f"shimctl sim shrink {name}"


def in_order(numbers: Iterable[str]) -> list[str]:
    """F9 comes before F10."""
    return sorted(numbers, key=lambda number: int(number.removeprefix("F")))
