"""`shimctl sim replay`: one seed, told step by step."""

import shutil
import sys
from typing import Final, TextIO

import click

from entrypoints.shimctl.sim.options import chosen, faults_option, report_of

# A line that goes to no terminal is as wide as it is.
ENDLESS: Final = 1_000_000


@click.command(short_help="Tell a story, step by step.")
@click.argument("seed")
@faults_option()
@click.option(
    "--html",
    "file",
    type=click.File("w", encoding="utf-8"),
    metavar="FILE",
    help="Write the story as a page for a browser, with every call that the shim makes.",
)
def command(seed: str, faults: str, file: TextIO | None) -> None:
    """Tell the story of a seed, a mutant (17~3) or a saved recording, step by step.

    The time in front is the world's own. Lines are cut to the width of the terminal; what goes
    to a file or a pipe is whole. With --html the story goes into that page, and needs nothing
    else to be looked at.

    Exit status 1 if the story violates an invariant.

    \b
        shimctl sim replay 4711
        shimctl sim replay 4711~12 --faults F87,F90
        shimctl sim replay 4711 --html story.html
    """
    # 200 ms, and only this command wants it.
    from sim.page import page  # noqa: PLC0415
    from sim.world.story import DetailedStory, Story  # noqa: PLC0415

    story = Story() if file is None else DetailedStory()
    report = report_of(seed, chosen(faults), story)
    columns = width()
    if file is not None:
        file.write(page(report, seed))
    else:
        for line in report.story.lines:
            click.echo(cut(str(line), columns))
    fired = ", ".join(f"{number} {times}" for number, times in report.fired.items())
    click.echo(f"{report.lives} lives, {report.crashes} crashes, faults: {fired or 'none'}")
    for violation in report.violations:
        click.echo(f"violated  {violation}")
    if report.violations:
        raise SystemExit(1)


def width() -> int:
    """Of the terminal that the output goes to."""
    if not sys.stdout.isatty():
        return ENDLESS
    return shutil.get_terminal_size().columns


def cut(line: str, columns: int) -> str:
    """The line, and a sign where something of it is missing."""
    return line if len(line) <= columns else line[: columns - 1] + "…"
