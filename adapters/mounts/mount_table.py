"""What is mounted where, as /proc/self/mountinfo tells it (proc_pid_mountinfo(5))."""

import re
from pathlib import Path
from typing import Final

MOUNTINFO: Final = Path("/proc/self/mountinfo")
# Space, tab, newline and backslash are written as three octal digits (fs/proc_namespace.c).
_OCTAL: Final = re.compile(rb"\\([0-7]{3})")
_MOUNT_POINT: Final = 4


def mount_points(table: bytes) -> tuple[bytes, ...]:
    """Every mount's place, earliest first; one that is mounted over several times is repeated."""
    return tuple(unescaped(line.split(b" ")[_MOUNT_POINT]) for line in table.splitlines())


def unescaped(text: bytes) -> bytes:
    return _OCTAL.sub(lambda match: bytes([int(match[1], 8)]), text)


def below(folder: bytes, table: bytes) -> tuple[bytes, ...]:
    """The mounts on `folder` and inside it, in the order in which they can be taken off.

    A later mount lies on top of or inside an earlier one, so the last goes first.
    """
    inside = folder.rstrip(b"/") + b"/"
    found = [place for place in mount_points(table) if place == folder or place.startswith(inside)]
    return tuple(reversed(found))
