"""`shimctl sim run`: the lifecycle rules against every known fault, one seed after the other."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from sim.run import Report

STORY_TAIL: Final = 40


@click.command()
@click.option("--seeds", default=1_000, show_default=True, help="How many seeds to play.")
@click.option("--first", default=0, show_default=True, help="The first seed.")
def command(seeds: int, first: int) -> None:
    """Play seeds and judge them.

    Exit status 1 if an invariant was violated; for each such seed what was violated, the end of
    its story, and the command that plays it again.

    \b
        shimctl sim run --seeds 5000
        shimctl sim run --first 4711 --seeds 1
    """
    # 200 ms, and only this command wants it.
    from sim.run import run as play  # noqa: PLC0415
    from sim.summary import Summary  # noqa: PLC0415

    summary = Summary()
    begun = time.perf_counter()
    for seed in range(first, first + seeds):
        report = play(seed)
        summary.add(report)
        if report.violations:
            for line in _finding(report):
                click.echo(line)
    for line in summary.lines(time.perf_counter() - begun):
        click.echo(line)
    if summary.violations:
        raise SystemExit(1)


def _finding(report: "Report") -> Iterator[str]:
    from sim.summary import replay  # noqa: PLC0415 (as above)

    yield f"seed {report.seed}"
    for violation in report.violations:
        yield f"  violated  {violation}"
    for line in report.story.lines[-STORY_TAIL:]:
        yield f"    {line}"
    yield f"  replay    {replay(report.seed)}"
    yield ""
