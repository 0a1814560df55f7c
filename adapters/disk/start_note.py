"""What the `start` command leaves in a bundle for the daemon: what only containerd told it.

The file BUNDLE/containerd-shim-systemd.start, mode 0600, holds lines of UTF-8, each ended by a
newline:

    debug=true
    ttrpc_address=/run/containerd/containerd.sock.ttrpc

* a line is a key, `=`, and the value as it is, to the end of the line; no quotes, no escapes;
* `debug` is `true` if containerd asked for it, anything else (or no such line) is false;
* `ttrpc_address` is where events go; empty or missing: nowhere;
* of two lines with one key the last counts; a line with an unknown key or without `=` is passed
  over, so that a `start` of a newer version may say more.

The writer may import only `os` and `sys`, and writes the file before it answers, so it is there
when containerd sends Create. A reader that finds none takes the defaults.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "containerd-shim-systemd.start"


@dataclass(frozen=True, slots=True)
class StartNote:
    debug: bool = False
    ttrpc_address: str = ""


def parse(text: str) -> StartNote:
    """Reads a note, never refuses one."""
    said = {}
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            said[key] = value
    return StartNote(said.get("debug") == "true", said.get("ttrpc_address", ""))


async def read(bundle: str) -> StartNote:
    """The bundle's note; the defaults if there is none that can be read."""
    try:
        data = await asyncio.to_thread(Path(bundle, NAME).read_bytes)
    except OSError:
        return StartNote()
    return parse(data.decode(errors="replace"))
