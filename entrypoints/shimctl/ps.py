"""`shimctl ps`."""

import json
import shutil
import sys
from dataclasses import asdict
from typing import Final

import click
from returns.result import Failure, Success

from entrypoints.shimctl import containers
from entrypoints.shimctl.containers import Row

_HEAD: Final = ("NAMESPACE", "ID", "EXEC", "UNIT", "PID", "STATE", "AGE")
_UNIT: Final = _HEAD.index("UNIT")
_GAP: Final = "  "
_UNIT_CHARS_MIN: Final = 24


@click.command(name="ps")
@click.option("--json", "as_json", is_flag=True, help="One JSON array, for programs.")
def command(*, as_json: bool) -> None:
    """List the shim's containers and execs.

    The list is read from systemd, so it is right with the daemon down too. A line without EXEC
    is a container's first process. STATE is creating, created, running, paused, stopping,
    "exited (STATUS)" until the container is deleted, or failed.

    More of one: systemctl status UNIT, journalctl -u UNIT.

    On a terminal, long unit names are shortened to fit its width; nowhere else.
    """
    match containers.rows():
        case Success(rows):
            pass
        case Failure(failed):
            raise click.ClickException(f"systemd cannot be asked: {failed}")
        case impossible:
            raise AssertionError(impossible)
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    elif not rows:
        click.echo("no containers of this shim", err=True)
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        click.echo("\n".join(table(rows, width)))


def table(rows: tuple[Row, ...], width: int | None) -> list[str]:
    """Aligned lines; with a width the unit's column gives way, down to 24 characters."""
    cells = [_HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    if width is not None:
        too_wide = sum(widths) + len(_GAP) * (len(widths) - 1) - width
        widths[_UNIT] = max(widths[_UNIT] - max(too_wide, 0), min(_UNIT_CHARS_MIN, widths[_UNIT]))
    return [
        _GAP.join(
            _shortened(cell, size).ljust(size) for cell, size in zip(line, widths, strict=True)
        ).rstrip()
        for line in cells
    ]


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.namespace,
        row.container,
        row.exec_id or "-",
        row.unit,
        str(row.pid) if row.pid else "-",
        row.state,
        containers.age(row.age_s),
    )


def _shortened(text: str, size: int) -> str:
    """The beginning and the end, which tell units apart."""
    if len(text) <= size:
        return text
    tail = size // 2
    return f"{text[: size - tail - 1]}…{text[len(text) - tail :]}"
