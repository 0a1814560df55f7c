"""`shimctl sim shrink`: the shortest story of what a seed violates, and a test of it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from entrypoints.shimctl.sim.options import chosen, faults_option, recording_of
from entrypoints.shimctl.sim.replay import cut, width

if TYPE_CHECKING:
    from sim.explore.shrink import Shrunk


@click.command(short_help="Find the shortest story, and print a test of it.")
@click.argument("seed")
@faults_option()
@click.option("--invariant", metavar="ID", help="Which to keep violated; by default the first.")
@click.option(
    "--time-limit",
    type=float,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Take what has been found by then.",
)
@click.option(
    "--save",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write what is left to a file, which `replay` and `shrink` take in the place of a seed.",
)
def command(
    *, seed: str, faults: str, invariant: str | None, time_limit: float, save: Path | None
) -> None:
    """Find the shortest story of what a seed, a mutant (17~3) or a saved recording violates.

    Whole lives, faults, crashes, operations, single draws and turns are left out as long as the
    same invariant is violated. The test at the end can be pasted into a file of tests/.

    Exit status 0 if something was violated, and 1 if nothing was.

    \b
        shimctl sim shrink 4711
        shimctl sim shrink 4711~12 --faults F87,F90 --invariant S5 --save it.json
    """
    # 200 ms, and only this command wants it.
    from returns.result import Failure  # noqa: PLC0415

    from sim.explore.shrink import shrink  # noqa: PLC0415
    from sim.invariants import NAMES  # noqa: PLC0415

    if invariant is not None and invariant not in NAMES:
        raise click.BadParameter(
            f"no invariant {invariant!r}; there are {', '.join(NAMES)}", param_hint="--invariant"
        )
    catalogue = chosen(faults)
    recording = recording_of(seed, catalogue)
    until = time.monotonic() + time_limit
    found = shrink(recording, catalogue, invariant, lambda: time.monotonic() >= until)
    if isinstance(found, Failure):
        raise click.ClickException(f"{seed}: {found.failure()}")
    _show(found.unwrap())
    if save is not None:
        _save(found.unwrap(), save)


def _show(shrunk: "Shrunk") -> None:
    from sim.explore.paste import as_test  # noqa: PLC0415 (as above)

    columns = width()
    for line in shrunk.story:
        click.echo(cut(line, columns))
    click.echo(f"violated  {shrunk.violation}")
    rest = "" if shrunk.whole else ", and was not finished: give it more with --time-limit"
    click.echo(f"{len(shrunk.story)} steps; it took {shrunk.plays} plays{rest}")
    click.echo("")
    click.echo(as_test(shrunk), nl=False)


def _save(shrunk: "Shrunk", file: Path) -> None:
    from sim.explore.saved import to_json  # noqa: PLC0415 (as above)

    file.write_text(to_json(shrunk.recording), encoding="utf-8")
