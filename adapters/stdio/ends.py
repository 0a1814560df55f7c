"""All FIFO ends of one process, taken together or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Final

from returns.result import Failure, Result, Success

from adapters.stdio.inotify import Inotify
from adapters.stdio.input import Input
from adapters.stdio.named_pipe import locate
from adapters.stdio.output import Output
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, StdioFailed

# Nothing tells of a client that waits in open(2): inotify speaks once the open is done, which
# our own open must bring about. A look costs one failing open(2), and most clients are found by
# the first, as they open their FIFOs before they call. The others wait for 50 ms at most.
_FIRST_PAUSE_S: Final = 0.001
_LAST_PAUSE_S: Final = 0.05


@dataclass(slots=True)
class Ends:
    """What is held for one process."""

    stdin: Input | None = None
    outputs: list[Output] = field(default_factory=list)
    _draining: asyncio.Lock = field(default_factory=asyncio.Lock)

    def close(self) -> None:
        for end in self._all():
            end.close()

    def close_stdin(self) -> None:
        if self.stdin is not None:
            self.stdin.close_writer()

    @contextlib.asynccontextmanager
    async def alone(self, until: float) -> AsyncIterator[None]:
        """One drain at a time: the exit asks for one, and Delete that must not overtake it.

        Raises TimeoutError if the other has not ended by `until`, a time of the event loop.
        """
        async with asyncio.timeout_at(until):
            await self._draining.acquire()
        try:
            yield
        finally:
            self._draining.release()

    def _all(self) -> Iterator[Input | Output]:
        if self.stdin is not None:
            yield self.stdin
        yield from self.outputs


def locate_ends(
    stdin: str, outputs: tuple[str, ...], inotify: Inotify
) -> Result[Ends, StdioFailed]:
    """Finds every FIFO and opens none; empty paths and repeated ones are left out."""
    ends = Ends()
    for path in dict.fromkeys((stdin, *outputs)):
        if not path:
            continue
        match locate(path):
            case Success(fifo) if path == stdin:
                ends.stdin = Input(path, fifo)
            case Success(fifo):
                ends.outputs.append(Output(path, fifo, inotify))
            case Failure(refusal):
                ends.close()
                return Failure(refusal)
    return Success(ends)


async def take_ends(ends: Ends, within: Seconds) -> Result[None, StdioFailed | DeadlinePassed]:
    """Takes all ends once a client reads every output; after a failure none is held.

    Stdin waits for nobody and comes first: a client may open it before the others, and wait in
    that for us.
    """
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(ends.close)
        try:
            if ends.stdin is not None:
                ends.stdin.take()
            missing = await _find_clients(ends.outputs, within)
        except OSError as error:
            return Failure(StdioFailed(f"{error.strerror}: {error.filename}"))
        if missing is not None:
            return Failure(DeadlinePassed(f"a client to open fifo {missing.path}", within))
        on_failure.pop_all()
    return Success(None)


async def _find_clients(outputs: list[Output], within: Seconds) -> Output | None:
    """Waits until a client reads each of them, in any order; answers one that none reads."""
    loop = asyncio.get_running_loop()
    until = loop.time() + within
    pause = _FIRST_PAUSE_S
    missing = [output for output in outputs if not output.find_client()]
    while missing and loop.time() < until:
        await asyncio.sleep(min(pause, until - loop.time()))
        pause = min(pause * 2, _LAST_PAUSE_S)
        missing = [output for output in missing if not output.find_client()]
    return missing[0] if missing else None


def retake_ends(ends: Ends) -> Result[None, StdioFailed]:
    """Takes all ends at once, whether there is a client or not; after a failure none is held."""
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(ends.close)
        try:
            if ends.stdin is not None:
                ends.stdin.take()
            for output in ends.outputs:
                output.take_reader()
        except OSError as error:
            return Failure(StdioFailed(f"{error.strerror}: {error.filename}"))
        on_failure.pop_all()
    return Success(None)
