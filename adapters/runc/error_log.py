"""The log that the OCI runtime appends to for `--log FILE --log-format json`.

runc and older crun write an object a line; crun with json-c writes each over several lines
(docs/findings/runc.md), so this reads objects, not lines. Everything here reads the disk and
belongs in a thread.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# From the end; a debug log can be long, and the reason for a failure stands last.
READ_BYTES_MAX: Final = 256 << 10

_SEVERE: Final = frozenset({"error", "fatal", "panic"})


def size(log: str) -> int:
    """How much is in the log already; 0 if there is none."""
    try:
        return Path(log).stat().st_size
    except OSError:
        return 0


def errors(log: str, since: int = 0) -> tuple[str, ...]:
    """The messages of level error that were written from byte `since` on, the latest last.

    A log that has become shorter than `since` was replaced and is read whole; one that is
    missing or unreadable holds nothing. What is no JSON object is skipped: a runtime that was
    killed leaves half of one, and the next entry starts right behind it.
    """
    try:
        with Path(log).open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(since if since <= end else 0, end - READ_BYTES_MAX))
            data = file.read(READ_BYTES_MAX)
    except OSError:
        return ()
    found = (_error(entry) for entry in _objects(data.decode(errors="replace")))
    return tuple(text for text in found if text)


def _objects(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            yield value
        at = text.find("{", end)


def _error(entry: Any) -> str:
    match entry:
        case {"level": str(level), "msg": str(text)} if level in _SEVERE:
            return text.strip()
    return ""
