"""What many seeds amount to, in a few plain lines."""

from dataclasses import dataclass, field

from sim.run import Report


@dataclass(slots=True)
class Summary:
    """Grows with each report; of the reports only those with a violation are kept."""

    seeds: int = 0
    lives: int = 0
    steps: int = 0
    crashes: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    failed: list[Report] = field(default_factory=list)

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.lives += report.lives
        self.steps += report.steps
        self.crashes += report.crashes
        for number, times in report.fired.items():
            self.fired[number] = self.fired.get(number, 0) + times
        if report.violations:
            self.failed.append(report)

    @property
    def violations(self) -> int:
        return sum(len(report.violations) for report in self.failed)

    def lines(self, took_s: float) -> list[str]:
        """`took_s` is the time on the wall; lives a second come from it."""
        fired = ", ".join(
            f"{number} {self.fired[number]}" for number in sorted(self.fired, key=_by)
        )
        pace = f"{self.lives / took_s:,.0f}" if took_s > 0 else "-"
        return [
            f"seeds       {self.seeds:,}",
            f"lives       {self.lives:,}",
            f"steps       {self.steps:,}",
            f"crashes     {self.crashes:,}",
            f"faults      {sum(self.fired.values()):,}: {fired or 'none'}",
            f"violations  {self.violations:,}",
            f"pace        {pace} lives a second",
        ]


def replay(seed: int) -> str:
    """The command that plays this very seed again."""
    return f"shimctl sim run --first {seed} --seeds 1"


def _by(number: str) -> int:
    return int(number.removeprefix("F"))
