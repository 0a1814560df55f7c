"""`shimctl sim bugs`: old mistakes put back into the rules, and how soon each is found."""

import time
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from sim.bugs.bug import Bug
    from sim.bugs.hunt import Hunt

# Enough for the story of most; what is left then is short enough to read.
SHRINK_S: Final = 10.0


@click.command(short_help="Put old mistakes back, and see how soon each is found.")
@click.argument("names", nargs=-1, metavar="[BUG]...")
@click.option("--list", "listing", is_flag=True, help="Only say what each of them does wrong.")
@click.option("--first", default=0, show_default=True, help="The first seed of each hunt.")
@click.option(
    "--time-limit",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give a bug up after so much time of the processor.",
)
def command(*, names: tuple[str, ...], listing: bool, first: int, time_limit: float) -> None:
    """Put historical bugs of this kind of software back into the rules, one at a time.

    For each of them seeds are played until an invariant breaks: how long that took, on one core,
    in how many seeds, what broke, and the length of the shrunken story. Without a name it is the
    whole bank.

    Exit status 1 if one was not found.

    \b
        shimctl sim bugs --list
        shimctl sim bugs two-exits
        shimctl sim bugs
    """
    from sim.bugs.hunt import hunt  # noqa: PLC0415 (200 ms, and only this command wants it)

    bugs = _chosen(names)
    if listing:
        for bug in bugs:
            click.echo(f"{bug.name:<44} {bug.source:<6} {bug.wrong}")
        return
    times, lengths = [], []
    for bug in bugs:
        found = hunt(bug, count(first), time.process_time, time_limit)
        length = _shrunken(found)
        click.echo(_line(found, length))
        times.append(found.took_s)
        lengths += [] if length is None else [length]
    click.echo(_sum(times, lengths))
    if len(lengths) < len(bugs):
        raise SystemExit(1)


def _chosen(names: tuple[str, ...]) -> "tuple[Bug, ...]":
    from sim.bugs.bank import BANK, named  # noqa: PLC0415 (as above)

    bugs = []
    for name in names:
        bug = named(name)
        if bug is None:
            raise click.BadParameter(f"no bug {name!r}; --list has them", param_hint="BUG")
        bugs.append(bug)
    return tuple(bugs) or BANK


def _shrunken(found: "Hunt") -> int | None:
    """How many steps its shortest story has; None if there is no story."""
    from sim.bugs.bug import planted  # noqa: PLC0415 (as above)
    from sim.explore.plays import Plays, play_name  # noqa: PLC0415
    from sim.explore.shrink import shrink  # noqa: PLC0415
    from sim.faults import CATALOGUE  # noqa: PLC0415

    if found.seed is None:
        return None
    until = time.monotonic() + SHRINK_S
    with planted(found.bug):
        recording = Plays(CATALOGUE).recording(play_name(str(found.seed)).unwrap())
        shrunk = shrink(recording, is_over=lambda: time.monotonic() >= until).unwrap()
    return len(shrunk.story)


def _line(found: "Hunt", length: int | None) -> str:
    if length is None:
        return f"{found.bug.name:<44} NOT FOUND in {found.played:,} seeds, {found.took_s:.1f} s"
    broken = ", ".join(found.invariants)
    return (
        f"{found.bug.name:<44} {found.took_s:6.2f} s  seed {found.seed:<6} {length:>3} steps"
        f"  {broken}"
    )


def _sum(times: list[float], lengths: list[int]) -> str:
    return (
        f"{len(lengths)} of {len(times)} found; median {median(times):.2f} s,"
        f" slowest {max(times):.1f} s;"
        f" shrunken stories of {median(lengths or [0]):.0f} steps in the median"
    )
