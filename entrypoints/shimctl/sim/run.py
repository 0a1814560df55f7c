"""`shimctl sim run`: the lifecycle rules against every known fault, in many seeds."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from entrypoints.shimctl.sim import ci
from entrypoints.shimctl.sim.options import chosen, faults_option, seeds_options
from entrypoints.shimctl.sim.workers import EACH, explore, local, worth_it

if TYPE_CHECKING:
    from sim.faults import Fault
    from sim.summary import Finding, Summary

A_FILE: Final = click.Path(dir_okay=False, writable=True, path_type=Path)


@click.command()
@seeds_options(1_000)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Have the workers of this dask scheduler play, and not this machine.",
)
@faults_option()
@click.option(
    "--mutants",
    type=click.FloatRange(0.0, 0.9),
    default=0.2,
    show_default=True,
    help="The share of plays that are mutants of earlier ones.",
)
@click.option("--time-limit", type=float, metavar="SECONDS", help="Begin nothing new after that.")
@click.option("--junit", type=A_FILE, help="Write a test case for each invariant, for CI.")
@click.option("--json", "json_file", type=A_FILE, help="Write everything, for programs.")
@click.option("--coverage", is_flag=True, help="List what was reached, and what never was.")
def command(  # noqa: PLR0913 (one for each option)
    *,
    seeds: int,
    first: int,
    jobs: int,
    cluster: str | None,
    faults: str,
    mutants: float,
    time_limit: float | None,
    junit: Path | None,
    json_file: Path | None,
    coverage: bool,
) -> None:
    """Play seeds and judge them.

    Plays that reach something new, a fault in an operation on a process in some phase, are
    kept, and mutants of them are played beside the seeds. What is played depends on the options
    alone, and not on the number of processes.

    Exit status 1 if an invariant was violated; for each such play what was violated, the end of
    its story, and the commands that play it again and shrink it.

    \b
        shimctl sim run --seeds 5000
        shimctl sim run --seeds 1000000 --time-limit 600 --junit sim.xml
        shimctl sim run --first 4711 --seeds 1 --faults F87,F90
        shimctl sim run --seeds 1000000 --cluster tcp://scheduler:8786
    """
    # 200 ms, and only this command wants it.
    from sim.explore.search import AHEAD, Search  # noqa: PLC0415

    catalogue = chosen(faults)
    search = Search(first, seeds, catalogue, mutants)
    begun = time.monotonic()
    until = begun + time_limit if time_limit is not None else float("inf")
    with (
        _players(cluster, worth_it(jobs, seeds)) as (executor, cores_there),
        _progress(seeds) as bar,
    ):
        ahead = min(EACH * cores_there, AHEAD)
        for played in explore(search, executor, ahead, lambda: time.monotonic() >= until):
            bar.update(played.seeds)
            for line in _findings(played, faults):
                click.echo(line)
    took_s = time.monotonic() - begun
    _write(junit, ci.junit(search.summary, took_s, faults))
    _write(json_file, ci.as_json(search.summary, took_s, catalogue))
    _conclude(search.summary, took_s, catalogue, list_all=coverage)


@contextmanager
def _players(cluster: str | None, jobs: int) -> Iterator[tuple[Executor, int]]:
    """Who plays, and how many at a time."""
    if cluster is None:
        with local(jobs) as executor:
            yield executor, jobs
    else:
        # It needs a package that nothing else does.
        from entrypoints.shimctl.sim.cluster import joined  # noqa: PLC0415

        with joined(cluster) as workers:
            yield workers.executor, workers.cores


def _conclude(
    summary: "Summary", took_s: float, catalogue: "tuple[Fault, ...]", *, list_all: bool
) -> None:
    from sim.explore.coverage import missed, never_fired  # noqa: PLC0415

    if list_all:
        for each, name in sorted(summary.reached.items()):
            click.echo(f"reached  {each} (first by {name})")
        for each in missed(summary.reached):
            click.echo(f"missed   {each}")
    for line in summary.lines(took_s):
        click.echo(line)
    silent = never_fired(summary.reached, catalogue)
    click.echo(
        f"missed      {len(missed(summary.reached)):,} that may be within reach;"
        f" faults that never fired: {', '.join(silent) or 'none'}"
    )
    if summary.violations:
        raise SystemExit(1)


def _findings(summary: "Summary", faults: str) -> Iterator[str]:
    for finding in summary.failed:
        yield from _finding(finding, faults)


def _finding(finding: "Finding", faults: str) -> Iterator[str]:
    yield f"seed {finding.name}"
    for violation in finding.violations:
        yield f"  violated  {violation}"
    for line in finding.tail:
        yield f"    {line}"
    replay, shrink = ci.again(finding, faults)
    yield f"  replay    {replay}"
    yield f"  shrink    {shrink}"
    yield ""


class _NoBar:
    """For whoever reads the output later."""

    def update(self, steps: int) -> None:
        """Says nothing."""


def _progress(seeds: int) -> Any:
    if not sys.stderr.isatty():
        return nullcontext(_NoBar())
    return click.progressbar(length=seeds, label="seeds", file=sys.stderr, show_pos=True)


def _write(file: Path | None, text: str) -> None:
    if file is not None:
        file.write_text(text, encoding="utf-8")
