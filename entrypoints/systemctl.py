"""systemd asked through its own command, for programs that have no event loop.

The daemon speaks D-Bus (adapters/systemd). These programs run once, and `systemctl` reaches
PID 1 over its private socket even where the message bus is away.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from returns.result import Failure, Result, Success

# UTC with microseconds (systemd 248), no pager, no colours, no translations: for a program to read.
_TIMESTAMPS: Final = "--timestamp=us+utc"
_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0"}


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """A program that could not be run, did not end in time or ended with an error."""

    argv: tuple[str, ...]
    reason: str  # its own last words, or ours when it had none

    def __str__(self) -> str:
        return f"{' '.join(self.argv[:3])}: {self.reason}"


Properties = Mapping[str, str]


def run(argv: Sequence[str], within_s: float) -> Result[str, CommandFailed]:
    """What a program prints; Failure unless it ends with 0 within so many seconds."""
    try:
        ended = subprocess.run(  # noqa: S603 (an argument list, no shell)
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            errors="replace",
            timeout=within_s,
            env={**os.environ, **_ENVIRONMENT},
        )
    except subprocess.TimeoutExpired:
        return Failure(CommandFailed(tuple(argv), f"did not end within {within_s:.1f} s"))
    except OSError as error:
        return Failure(CommandFailed(tuple(argv), error.strerror or str(error)))
    if ended.returncode == 0:
        return Success(ended.stdout)
    said = (ended.stderr.strip() or ended.stdout.strip()).splitlines()
    reason = said[-1] if said else f"ended with status {ended.returncode}"
    return Failure(CommandFailed(tuple(argv), reason))


def systemctl(*words: str, within_s: float) -> Result[str, CommandFailed]:
    """`systemctl WORDS`, its job awaited."""
    return run(("systemctl", "--quiet", *words), within_s)


def show(
    units: Sequence[str], properties: Sequence[str], within_s: float
) -> Result[tuple[Properties, ...], CommandFailed]:
    """Properties of units, each unit's from one reading; of a pattern, of all that it finds.

    A unit that is not loaded is answered too, with LoadState `not-found`; a pattern that finds
    none is answered with nothing.
    """
    asked = ("show", _TIMESTAMPS, f"--property={','.join(properties)}", "--", *units)
    return systemctl(*asked, within_s=within_s).map(_paragraphs)


def _paragraphs(text: str) -> tuple[Properties, ...]:
    """`KEY=VALUE` lines, an empty line between two units."""
    paragraphs = (part.splitlines() for part in text.split("\n\n"))
    return tuple(
        dict(line.split("=", 1) for line in lines if "=" in line) for lines in paragraphs if lines
    )
