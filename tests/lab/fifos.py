"""FIFOs for a container's stdio, with a test on the host as the client."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.lab.root import Root

# Of what tests make in a machine. Not on /run, which is mounted without devices here.
FOLDER: Final = "/var/lib/shim-client"


@dataclass(frozen=True, slots=True)
class Fifos:
    """Names of a process's stdio, as the machine knows them, and where the host finds them."""

    stdin: str
    stdout: str
    stderr: str
    folder: Path

    @classmethod
    def none(cls) -> Self:
        return cls("", "", "", Path("/"))

    @classmethod
    def made(cls, root: Root, name: str) -> Self:
        """Makes all three, as a client does before it asks for the process."""
        inside = f"{FOLDER}/fifos/{name}"
        folder = root.path(inside)
        folder.mkdir(parents=True)
        for stream in ("stdin", "stdout", "stderr"):
            os.mkfifo(folder / stream, 0o700)
        return cls(f"{inside}/stdin", f"{inside}/stdout", f"{inside}/stderr", folder)

    def open_to_read(self, stream: str) -> int:
        """A client's end, which does not wait for a writer."""
        return os.open(self.folder / stream, os.O_RDONLY | os.O_NONBLOCK)


async def read_to_end(descriptor: int) -> bytes:
    """All that comes until the last writer has gone; a FIFO that nobody has opened yet waits."""
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, True)
    parts: list[bytes] = []
    while part := await loop.run_in_executor(None, os.read, descriptor, 65536):
        parts.append(part)
    os.close(descriptor)
    return b"".join(parts)
