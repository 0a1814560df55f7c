"""`shimctl sim check`: every schedule and every fault of worlds that are small enough."""

import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from sim.check.explore import Explored
    from sim.check.scope import Scope

CLEAR_LINE: Final = "\r\033[K"


@click.command()
@click.option("--scope", "names", multiple=True, metavar="NAME", help="Only this one; repeatable.")
@click.option("--large", is_flag=True, help="Those that take minutes too.")
@click.option("--depth", type=click.IntRange(min=1), help="At most so many decisions on a path.")
@click.option("--states-max", type=click.IntRange(min=1), help="At most so many states a scope.")
@click.option("--list", "only_list", is_flag=True, help="Say what scopes there are.")
def command(
    *,
    names: tuple[str, ...],
    large: bool,
    depth: int | None,
    states_max: int | None,
    only_list: bool,
) -> None:
    """Try everything that can happen in small worlds.

    A scope is one container, two clients with a call or two each, and perhaps one fault or one
    death of the shim. Every order of their steps and every place of the fault is played, no
    state twice. A scope that was exhausted without a violation is proved: not sampled.

    Exit status 1 if an invariant was violated, with the decisions that lead there and their
    story. A bound that leaves something untried is said, and proves nothing.

    \b
        shimctl sim check --scope start-kill
        shimctl sim check --states-max 2000
    """
    # 200 ms, and only this command wants it.
    from sim.check.explore import Bounds, Explorer  # noqa: PLC0415

    violated = False
    if only_list:
        for line in _listed():
            click.echo(line)
        return
    for scope in _chosen(names, large=large):
        click.echo(f"{scope.name}: {scope.what}")
        begun = time.perf_counter()
        explored = Explorer(scope, Bounds(depth, states_max)).run(_progress)
        _clear()
        for line in lines(explored, time.perf_counter() - begun):
            click.echo(f"  {line}")
        violated |= explored.finding is not None
    if violated:
        raise SystemExit(1)


def _listed() -> Iterator[str]:
    from sim.check.scope import SCOPES  # noqa: PLC0415

    for scope in SCOPES:
        yield f"{scope.name}: {scope.what}{' (large)' if scope.is_large else ''}"


def _chosen(names: tuple[str, ...], *, large: bool) -> list["Scope"]:
    from sim.check.scope import SCOPES  # noqa: PLC0415

    known = {scope.name: scope for scope in SCOPES}
    for name in names:
        if name not in known:
            raise click.BadParameter(f"no scope {name!r}; there are {', '.join(known)}")
    if names:
        return [known[name] for name in names]
    return [scope for scope in SCOPES if large or not scope.is_large]


def lines(explored: "Explored", took_s: float) -> Iterator[str]:
    """What came of one scope, for a person."""
    pace = f"{explored.states / took_s:,.0f}" if took_s > 0 else "-"
    yield (
        f"{explored.states:,} states, {explored.paths:,} paths to the end and {explored.cut:,} to "
        f"a known state, {explored.steps:,} steps"
    )
    yield f"{explored.depth} decisions on the longest path, {took_s:.1f} s, {pace} states a second"
    if explored.finding is not None:
        yield from (f"violated: {violation}" for violation in explored.finding.violations)
        yield "decisions:"
        yield from (f"  {decision}" for decision in explored.finding.decisions)
        yield "story:"
        yield from (f"  {line}" for line in explored.finding.story.lines)
    elif explored.is_proved:
        yield "nothing violated: proved for this scope"
    else:
        yield "nothing violated so far: a bound was reached, so nothing is proved"


def _progress(explored: "Explored") -> None:
    if sys.stderr.isatty():
        click.echo(f"{CLEAR_LINE}  {explored.states:,} states", err=True, nl=False)


def _clear() -> None:
    if sys.stderr.isatty():
        click.echo(CLEAR_LINE, err=True, nl=False)
