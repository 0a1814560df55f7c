"""`shimctl sim bugs`: old mistakes put back into the rules, and how soon each is found."""

import time
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

import click

if TYPE_CHECKING:
    from sim.bugs.bug import Bug
    from sim.bugs.hunt import Hunt

# Where a story cannot be made less any more depends on where it began: the shortest of a few
# counts, as far as this time leads. What is left then is short enough to read.
STORIES: Final = 4
SHRINK_S: Final = 10.0


class Story(NamedTuple):
    """A shrunken one: how many steps, and of which seed."""

    steps: int
    seed: int


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
    with which seed, what broke, and the length of the shortest story that the first few such seeds
    shrink to. Without a name it is the whole bank.

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
        story = _shortest(found)
        click.echo(_line(found, story))
        times.append(found.took_s)
        lengths += [] if story is None else [story.steps]
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


def _shortest(found: "Hunt") -> Story | None:
    """Of the first seeds that find the bug; None if none does."""
    from sim.bugs.hunt import hunt  # noqa: PLC0415 (as above)

    stories: list[Story] = []
    until_s = time.monotonic() + SHRINK_S
    while found.seed is not None and len(stories) < STORIES:
        stories.append(Story(_steps(found.bug, found.seed, until_s), found.seed))
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            break
        found = hunt(found.bug, count(found.seed + 1), time.monotonic, left_s)
    return min(stories, default=None)


def _steps(bug: "Bug", seed: int, until_s: float) -> int:
    """How many its shrunken story has."""
    from sim.bugs.bug import planted  # noqa: PLC0415 (as above)
    from sim.explore.plays import Plays, play_name  # noqa: PLC0415
    from sim.explore.shrink import shrink  # noqa: PLC0415
    from sim.faults import CATALOGUE  # noqa: PLC0415

    with planted(bug):
        recording = Plays(CATALOGUE).recording(play_name(str(seed)).unwrap())
        shrunk = shrink(recording, is_over=lambda: time.monotonic() >= until_s).unwrap()
    return len(shrunk.story)


def _line(found: "Hunt", story: Story | None) -> str:
    if story is None:
        return f"{found.bug.name:<44} NOT FOUND in {found.played:,} seeds, {found.took_s:.1f} s"
    broken = ", ".join(found.invariants)
    return (
        f"{found.bug.name:<44} {found.took_s:6.2f} s  seed {found.seed:<6} {story.steps:>3} steps"
        f" of seed {story.seed:<6} {broken}"
    )


def _sum(times: list[float], lengths: list[int]) -> str:
    return (
        f"{len(lengths)} of {len(times)} found; median {median(times):.2f} s,"
        f" slowest {max(times):.1f} s;"
        f" shrunken stories of {median(lengths or [0]):.0f} steps in the median"
    )
