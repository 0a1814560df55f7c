"""The Fifos port: systemd opens the FIFOs for the program, we hold what keeps them in order."""

import asyncio
import contextlib
from typing import Final

from returns.result import Failure, Result, Success

from adapters.stdio.ends import Ends, locate_ends, retake_ends, take_ends
from adapters.stdio.inotify import Inotify
from adapters.stdio.output import Output
from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.ports.log import Level, Log
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio


class LinuxFifos:
    """FIFOs of all processes without a terminal. Runs in the event loop and never blocks it."""

    def __init__(self, log: Log, inotify: Inotify) -> None:
        self._log: Final = log
        self._inotify: Final = inotify
        self._held: Final[dict[ProcessKey, Ends]] = {}

    async def open(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        match locate_ends(stdio.stdin, (stdio.stdout, stdio.stderr), self._inotify):
            case Success(ends):
                pass
            case Failure(refusal):
                return Failure(refusal)
        match await take_ends(ends, within):
            case Failure(refusal):
                return Failure(refusal)
        try:
            for output in ends.outputs:
                output.yield_to_program()
        except OSError as error:
            ends.close()
            return Failure(StdioFailed(f"watch of fifo: {error.strerror}"))
        await self._keep(process, ends)
        return Success(None)

    async def reopen(self, process: ProcessKey, stdio: Stdio) -> Result[None, StdioFailed]:
        match locate_ends(stdio.stdin, (stdio.stdout, stdio.stderr), self._inotify):
            case Success(ends):
                pass
            case Failure(refusal):
                return Failure(refusal)
        match retake_ends(ends):
            case Failure(refusal):
                return Failure(refusal)
        await self._keep(process, ends)
        return Success(None)

    async def _keep(self, process: ProcessKey, ends: Ends) -> None:
        await self.close(process)  # only after the new ones are there: no gap for SIGPIPE
        self._held[process] = ends

    async def close_stdin(self, process: ProcessKey) -> None:
        ends = self._held.get(process)
        if ends is not None:
            ends.close_stdin()

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        ends = self._held.get(process)
        if ends is None:
            return
        until = asyncio.get_running_loop().time() + within
        with contextlib.suppress(TimeoutError):
            async with ends.alone(until), asyncio.TaskGroup() as deliveries:
                if ends.stdin is not None:
                    ends.stdin.close()  # nobody reads any more, and the client may know it
                for output in ends.outputs:
                    deliveries.create_task(self._deliver(process, output, until))

    async def _deliver(self, process: ProcessKey, output: Output, until: float) -> None:
        dropped = await output.deliver(until)
        if dropped:
            text = f"{dropped} bytes of {output.path} were not read by any client"
            self._log.write(Level.WARNING, process, text)

    async def close(self, process: ProcessKey) -> None:
        ends = self._held.pop(process, None)
        if ends is not None:
            ends.close()
