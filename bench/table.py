"""A report as Markdown, the targets beside the figures."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

from bench.report import Report, Suite

OURS: Final = "systemd.v1"
THEIRS: Final = "runc.v2"
BARE: Final = "python3 -IS -c pass"
CTR: Final = "ctr version"

DAEMON_MB_MAX: Final = 60.0
CONTAINER_KB_MAX: Final = 150.0

KB_PER_MB: Final = 1000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table: of which measure, and beside which of its subjects ours is put."""

    measure: str
    label: str
    unit: str = "ms"
    subject: str = THEIRS
    ratio_max: float | None = None

    @property
    def subject_name(self) -> str:
        return self.subject if self.subject == THEIRS else f"`{self.subject}`"


LINES: Final = (
    Line("start", "`start`", subject=BARE, ratio_max=2.5),
    Line("start", "`start`"),
    Line("delete", "`delete`, nothing left to do"),
    Line("life", "`ctr run --rm … true`", ratio_max=1.1),
    Line("exec", "`ctr tasks exec … true`", ratio_max=1.3),
    Line("exit", "kill -9 to the exit event"),
    Line("terminal", "`ctr run -t`, 50 MB", "MB/s"),
    Line("stdout", "`ctr run` into a pipe, 200 MB", "MB/s"),
)
HEADER: Final = (
    f"| | {OURS} | beside it | ratio | target |",
    "|---|---|---|---|---|",
)


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of ours and the one beside it; a target is for the ratio or for the figure."""

    label: str
    unit: str
    ours: float
    other: float
    other_name: str = THEIRS
    ratio_max: float | None = None
    ours_max: float | None = None

    def text(self) -> str:
        ratio = f"{self.ours / self.other:.2f}" if self.other > 0 else ""
        beside = f"{self.other_name} {_number(self.other)} {self.unit}"
        return (
            f"| {self.label} | {_number(self.ours)} {self.unit} | {beside}"
            f" | {ratio} | {self._target()} |"
        )

    def _target(self) -> str:
        if self.ratio_max is not None and self.other > 0:
            met = self.ours / self.other <= self.ratio_max
            return f"≤ {self.ratio_max}: {_verdict(met=met)}"
        if self.ours_max is not None:
            limit = f"≤ {_number(self.ours_max)} {self.unit}"
            return f"{limit}: {_verdict(met=self.ours <= self.ours_max)}"
        return ""


def markdown(report: Report) -> str:
    """All tables of a report, with what it ran on."""
    lines = [*_circumstances(report)]
    for suite in report.suites:
        versions = ", ".join(f"{name} {version}" for name, version in suite.versions.items())
        lines += ["", f"### {suite.name}", "", f"{versions}.", "", *HEADER]
        lines += [row.text() for row in _rows(suite, report.idle)]
    if report.lives_per_second:
        lines += ["", *_simulation(report.lives_per_second)]
    return "\n".join(lines) + "\n"


def _circumstances(report: Report) -> Iterator[str]:
    host = report.host
    yield (
        f"{report.date}, commit {report.commit or 'unknown'}. Medians of {report.rounds};"
        f" memory is one reading with {report.idle} idle containers."
    )
    yield (
        f"{host.processor}, {host.cores} cores, {host.memory_gb} GB, Linux {host.kernel},"
        f" load {host.load} at the start."
    )


def _rows(suite: Suite, idle: int) -> Iterator[Row]:
    for line in LINES:
        ours, other = suite.median(line.measure, OURS), suite.median(line.measure, line.subject)
        if ours is None or other is None:
            continue  # not measured this time
        label = line.label + _lost(suite, line.measure)
        row = Row(label, line.unit, ours, other, line.subject_name, line.ratio_max)
        yield row
        client = suite.median(line.measure, CTR)
        if client is not None:
            yield replace(
                row,
                label=f"the same without `{CTR}` ({_number(client)} ms)",
                ours=ours - client,
                other=other - client,
            )
    if "memory" in suite.measured:
        yield from _memory(suite, idle)


def _lost(suite: Suite, measure: str) -> str:
    """In how many runs the client showed less than all; empty where in none."""
    short = [
        f"{count} of {len(samples)} with {name}"
        for name in (OURS, THEIRS)
        if (samples := suite.measured[measure].get(f"{name} lost"))
        and (count := sum(lost > 0 for lost in samples))
    ]
    return f" (the client showed less in {' and '.join(short)})" if short else ""


def _memory(suite: Suite, idle: int) -> Iterator[Row]:
    """Of whoever serves, in all and for each container, and what systemd takes for the units."""

    def read(subject: str) -> float:
        return suite.median("memory", subject) or 0.0

    before, after = read(f"{OURS} without"), read(f"{OURS} with")
    shims = read(f"{THEIRS} with")
    yield Row("Pss of the daemon, no container", "MB", before / KB_PER_MB, 0, "no shim,")
    yield Row(
        label=f"Pss with {idle} idle containers",
        unit="MB",
        ours=after / KB_PER_MB,
        other=shims / KB_PER_MB,
        other_name=f"{idle} shims",
        ours_max=DAEMON_MB_MAX,
    )
    yield Row(
        label="Pss for each container more",
        unit="kB",
        ours=(after - before) / idle,
        other=shims / idle,
        ours_max=CONTAINER_KB_MAX,
    )
    ours, theirs = (
        (read(f"{each} systemd with") - read(f"{each} systemd without")) / idle
        for each in (OURS, THEIRS)
    )
    yield Row("systemd's own Pss for each", "kB", ours, theirs)


def _simulation(samples: tuple[float, ...]) -> Iterator[str]:
    rate = median(samples)
    yield "### The simulator"
    yield ""
    yield (
        f"{rate:.0f} lives a second on one core, {1000 / rate:.1f} ms each"
        f" (median of {len(samples)} batches; a life should not cost more than about 1 ms)."
    )


def _number(value: float) -> str:
    """Three digits tell enough."""
    if value == 0:
        return "0"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"


def _verdict(*, met: bool) -> str:
    return "met" if met else "**missed**"
