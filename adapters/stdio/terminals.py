"""The Terminals port: masters live in the daemon, which copies in its own loop (D37)."""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from adapters.stdio.console_socket import FOLDER, ConsoleSocket
from adapters.stdio.edges import Edges
from adapters.stdio.ends import Ends, locate_ends, retake_ends, take_ends
from adapters.stdio.inotify import Inotify
from adapters.stdio.terminal import Terminal
from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.ports.log import Level, Log
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio


@dataclass(slots=True)
class _Held:
    terminal: Terminal
    ends: Ends
    arrival: "asyncio.Task[Result[None, StdioFailed]] | None" = None

    async def stop_waiting(self) -> None:
        """No terminal comes any more, and the console socket is gone."""
        if self.arrival is not None:
            self.arrival.cancel()
            await asyncio.wait((self.arrival,))


class LinuxTerminals:
    """Terminals of all processes that have one. Runs in the event loop and never blocks it."""

    def __init__(self, log: Log, inotify: Inotify, folder: Path = FOLDER) -> None:
        """`folder` is for the console sockets alone; its path must be short (unix(7))."""
        self._log: Final = log
        self._folder: Final = folder
        self._inotify: Final = inotify
        self._edges: Final = Edges()
        self._held: Final[dict[ProcessKey, _Held]] = {}

    async def listen(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[str, StdioFailed | DeadlinePassed]:
        match self._located(stdio):
            case Success(ends):
                pass
            case Failure(refusal):
                return Failure(refusal)
        match await take_ends(ends, within):
            case Failure(refusal):
                return Failure(refusal)
        match ConsoleSocket.open(self._folder):
            case Success(console):
                pass
            case Failure(refusal):
                ends.close()
                return Failure(refusal)
        held = _Held(Terminal(ends, self._edges), ends)
        held.arrival = asyncio.create_task(
            _arrival(console, held.terminal), name=f"terminal of {process}"
        )
        # Not by the task itself: one that is cancelled before its first step runs no `finally`.
        held.arrival.add_done_callback(lambda _: console.close())
        await self._keep(process, held)
        return Success(os.fspath(console.path))

    async def connected(
        self, process: ProcessKey, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        held = self._held.get(process)
        if held is None or held.arrival is None:
            return Failure(StdioFailed(f"no terminal is expected for {process}"))
        await asyncio.wait((held.arrival,), timeout=within)
        if not held.arrival.done():
            return Failure(DeadlinePassed(f"the terminal of {process}", within))
        if held.arrival.cancelled():
            return Failure(StdioFailed(f"the terminal of {process} was closed"))
        return held.arrival.result()

    async def adopt(
        self, process: ProcessKey, master: int, stdio: Stdio
    ) -> Result[None, StdioFailed]:
        """Goes on with a terminal whose master has outlived a former daemon, client or not.

        The master is ours from now on, and closed after a failure.
        """
        match self._located(stdio):
            case Success(ends):
                pass
            case Failure(refusal):
                os.close(master)
                return Failure(refusal)
        match retake_ends(ends):
            case Failure(refusal):
                os.close(master)
                return Failure(refusal)
        held = _Held(Terminal(ends, self._edges), ends)
        await self._keep(process, held)
        held.terminal.connect(master)
        return Success(None)

    def _located(self, stdio: Stdio) -> Result[Ends, StdioFailed]:
        # A terminal is one stream: stderr has no part in it (T231).
        return locate_ends(stdio.stdin, (stdio.stdout,), self._inotify)

    async def _keep(self, process: ProcessKey, held: _Held) -> None:
        await self.close(process)
        self._held[process] = held

    async def resize(
        self, process: ProcessKey, width: int, height: int
    ) -> Result[None, StdioFailed]:
        held = self._held.get(process)
        if held is None:
            return Failure(StdioFailed(f"the terminal of {process} is not here"))
        try:
            held.terminal.resize(width, height)
        except OSError as error:
            return Failure(StdioFailed(f"resize of the terminal of {process}: {error.strerror}"))
        return Success(None)

    async def close_stdin(self, process: ProcessKey) -> None:
        held = self._held.get(process)
        if held is not None:
            held.ends.close_stdin()

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        held = self._held.get(process)
        if held is None:
            return
        until = asyncio.get_running_loop().time() + within
        await held.stop_waiting()
        with contextlib.suppress(TimeoutError):
            async with held.ends.alone(until):
                dropped = await held.terminal.drain(until)
                if dropped:
                    text = f"{dropped} bytes of the terminal were not read by any client"
                    self._log.write(Level.WARNING, process, text)

    async def close(self, process: ProcessKey) -> None:
        held = self._held.pop(process, None)
        if held is not None:
            await held.stop_waiting()
            held.terminal.close()


async def _arrival(console: ConsoleSocket, terminal: Terminal) -> Result[None, StdioFailed]:
    match await console.master():
        case Success(master):
            terminal.connect(master)
            return Success(None)
        case Failure(refusal):
            return Failure(refusal)
        case impossible:
            raise AssertionError(impossible)
