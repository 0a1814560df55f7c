"""What the commands of `shimctl sim` take in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from sim.explore.plays import PlayName
    from sim.faults import Fault

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


def named(text: str) -> "PlayName":
    """The seed or mutant of that name."""
    from returns.result import Failure  # noqa: PLC0415

    from sim.explore.plays import play_name  # noqa: PLC0415

    found = play_name(text)
    if isinstance(found, Failure):
        raise click.BadParameter(found.failure(), param_hint="SEED")
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


def narrowed(command: str, faults: str) -> str:
    """The command with the option that it needs to see the same faults."""
    return command if faults == ALL else f"{command} --faults {faults}"
