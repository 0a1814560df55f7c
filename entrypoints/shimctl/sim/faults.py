"""`shimctl sim faults`: how often each fault of the catalogue fires, and what guards it."""

from typing import TYPE_CHECKING

import click

from entrypoints.shimctl.sim.options import seeds_options
from entrypoints.shimctl.sim.workers import EACH, explore, local, worth_it

if TYPE_CHECKING:
    from sim.summary import Summary


@click.command(short_help="Count how often each fault fires, and what guards it.")
@seeds_options(10_000)
def command(*, seeds: int, first: int, jobs: int) -> None:
    """Count how often each fault fires, and name the invariants that would break.

    Below each number what it does, and where it never did.

    Exit status 1 if a fault of the catalogue never fired at all: then it is tested by nobody.

    \b
        shimctl sim faults
        shimctl sim faults --seeds 1000
    """
    # 200 ms, and only this command wants it.
    from sim.explore.search import Search  # noqa: PLC0415
    from sim.faults import CATALOGUE  # noqa: PLC0415

    search = Search(first, seeds, CATALOGUE, mutants=0.0)
    jobs = worth_it(jobs, seeds)
    with local(jobs) as executor:
        for _ in explore(search, executor, EACH * jobs, lambda: False):
            pass
    if _table(search.summary):
        raise SystemExit(1)


def _table(summary: "Summary") -> bool:
    """Prints it; True: a fault never fired."""
    from sim.explore.coverage import never_fired  # noqa: PLC0415
    from sim.faults import CATALOGUE  # noqa: PLC0415
    from sim.guards import GUARDS  # noqa: PLC0415
    from sim.summary import in_order  # noqa: PLC0415

    silent = never_fired(summary.reached, CATALOGUE)
    for number in in_order({fault.number: None for fault in CATALOGUE}):
        times = summary.fired.get(number, 0)
        click.echo(f"{number:<5} {times:>9,} times; guarded by {', '.join(GUARDS[number])}")
        for fault in CATALOGUE:
            if fault.number == number:
                never = "  NEVER" if fault.name in silent else ""
                click.echo(f"      {fault.name.removeprefix(number).strip()}{never}")
    click.echo(f"{summary.seeds:,} seeds; {len(silent)} of {len(CATALOGUE)} faults never fired")
    return bool(silent)
