"""`shimctl sim slips`: one line of the rules is wrong at a time; how much of that is found."""

import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from random import Random
from typing import TYPE_CHECKING, Final

import click

from entrypoints.shimctl.sim.workers import cores, local

if TYPE_CHECKING:
    from sim.slips.trial import Verdict

CLEAR_LINE: Final = "\r\033[K"


@click.command(short_help="Make one line of the rules wrong at a time, and see what is found.")
@click.option("--seeds", default=100, show_default=True, help="How many are played with each.")
@click.option(
    "--share",
    type=click.FloatRange(0.0, 1.0, min_open=True),
    default=0.05,
    show_default=True,
    help="How many of all slips are tried, drawn at random.",
)
@click.option("--draw", default=0, show_default=True, help="Which of them: another number, others.")
@click.option("--only", default="", metavar="PREFIX", help="Only those of this module, say.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=cores,
    show_default="one for each core",
    help="How many processes play.",
)
def command(*, seeds: int, share: float, draw: int, only: str, jobs: int) -> None:
    """See what the simulator alone finds of the slips of a hand in domain/.

    A statement is gone or in the wrong order, a check holds always or never, an await, an operand
    or a row of a table is missing, a constant is another. Each is made for a while, in memory,
    and seeds are played until an invariant breaks. Whatever lives is printed: read it. Either it
    changes nothing, or an invariant is missing.

    \b
        shimctl sim slips --only domain.use_cases.kill --share 1
        shimctl sim slips --seeds 1000 --share 0.1
    """
    from sim.slips.trial import trial  # noqa: PLC0415 (200 ms, and only this command wants it)

    numbers = _chosen(only, share, draw)
    with local(jobs) as executor:
        trials = [executor.submit(trial, number, range(seeds)) for number in numbers]
        verdicts = list(_told(trials))
    for line in _sum(verdicts):
        click.echo(line)


def _chosen(only: str, share: float, draw: int) -> list[int]:
    from sim.slips.slip import every_slip  # noqa: PLC0415 (as above)

    of = [number for number, slip in enumerate(every_slip()) if slip.where.startswith(only)]
    if not of:
        raise click.BadParameter(f"no slip is in {only!r}", param_hint="--only")
    return sorted(Random(draw).sample(of, max(1, round(share * len(of)))))


def _told(trials: "list[Future[Verdict]]") -> "Iterator[Verdict]":
    for done, each in enumerate(trials, start=1):
        verdict = each.result()
        _progress("")
        if not verdict.by:
            click.echo(f"lives  {verdict.slip}")
        _progress(f"  {done:,} of {len(trials):,}")
        yield verdict
    _progress("")


def _sum(verdicts: "list[Verdict]") -> Iterator[str]:
    found = [verdict for verdict in verdicts if verdict.by]
    by = Counter(verdict.by.split(":")[0].split(" ")[0] for verdict in found)
    if found:
        yield "found by  " + ", ".join(f"{name} {count}" for name, count in by.most_common())
    yield (
        f"{len(found):,} of {len(verdicts):,} slips found, {100 * len(found) / len(verdicts):.1f} %"
    )


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"{CLEAR_LINE}{text}", err=True, nl=False)
