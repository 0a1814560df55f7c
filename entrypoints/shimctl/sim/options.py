"""What the commands of `shimctl sim` take in common."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from entrypoints.shimctl.sim.workers import cores

if TYPE_CHECKING:
    from sim.faults import Fault
    from sim.recording import Recording
    from sim.run import Report
    from sim.world.story import Story

ALL: Final = "all"
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


# Modules of sim/ are imported where they are wanted: together they take 200 ms, and whoever
# asks for help need not wait for them.
def chosen(text: str) -> "tuple[Fault, ...]":
    """The catalogue, or what `--faults` leaves of it."""
    from returns.result import Failure  # noqa: PLC0415

    from sim.explore.selection import selected  # noqa: PLC0415

    found = selected(text)
    if isinstance(found, Failure):
        raise click.BadParameter(found.failure(), param_hint="--faults")
    return found.unwrap()


def report_of(text: str, catalogue: "tuple[Fault, ...]", story: "Story | None" = None) -> "Report":
    """What a seed (17), a mutant (17~3) or a saved recording plays, told to `story`."""
    from returns.result import Success  # noqa: PLC0415

    from sim.explore.plays import Plays, again, play_name  # noqa: PLC0415

    name = play_name(text)
    if isinstance(name, Success):
        return Plays(catalogue).report(name.unwrap(), story)
    return again(_saved(text), catalogue, story)


def recording_of(text: str, catalogue: "tuple[Fault, ...]") -> "Recording":
    """The choices of a seed, of a mutant, or of a file."""
    from returns.result import Success  # noqa: PLC0415

    from sim.explore.plays import Plays, play_name  # noqa: PLC0415

    name = play_name(text)
    return Plays(catalogue).recording(name.unwrap()) if isinstance(name, Success) else _saved(text)


def _saved(text: str) -> "Recording":
    from returns.result import Failure  # noqa: PLC0415

    from sim.explore.saved import from_json  # noqa: PLC0415

    file = Path(text)
    if not file.is_file():
        raise click.BadParameter(
            f"{text!r} is no seed (17), no mutation of one (17~3), and no file", param_hint="SEED"
        )
    found = from_json(file.read_text(encoding="utf-8"))
    if isinstance(found, Failure):
        raise click.BadParameter(f"{text}: {found.failure()}", param_hint="SEED")
    return found.unwrap()


def faults_option() -> Decorator:
    """`--faults`."""
    return click.option(
        "--faults",
        default=ALL,
        show_default=True,
        metavar="all|none|F87,F90",
        help="Which faults of the catalogue may happen.",
    )


def seeds_options(default: int) -> Decorator:
    """`--seeds`, `--first` and `--jobs`."""
    options = (
        click.option("--seeds", default=default, show_default=True, help="How many seeds to play."),
        click.option("--first", default=0, show_default=True, help="The first seed."),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            default=cores,
            show_default="one for each core",
            help="How many processes play.",
        ),
    )

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def narrowed(command: str, faults: str) -> str:
    """The command with the option that it needs to see the same faults."""
    return command if faults == ALL else f"{command} --faults {faults}"
