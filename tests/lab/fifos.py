"""FIFOs for a container's stdio, with a test on the host as the client."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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

    def stdout_alone(self) -> Self:
        """For a process that has no other stream."""
        return replace(self, stdin="", stderr="")

    def open_to_read(self, stream: str) -> int:
        """A client's end, which does not wait for a writer."""
        return os.open(self.folder / stream, os.O_RDONLY | os.O_NONBLOCK)


@asynccontextmanager
async def reading(descriptor: int) -> AsyncIterator[asyncio.StreamReader]:
    """Reads a FIFO; its end is the last writer's, and before the first one there is none.

    read(2) would take a FIFO that nobody has opened yet for one at its end; poll(2), which the
    loop reads by, waits for a first writer (`pipe_poll` in the kernel compares writers' counts).
    """
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        yield reader
    finally:
        transport.close()


async def read_to_end(descriptor: int) -> bytes:
    """All that comes until the last writer has gone; the descriptor is closed then."""
    async with reading(descriptor) as reader:
        return await reader.read()
