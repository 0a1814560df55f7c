"""Terminals of one incarnation of the shim: the masters die with it."""

from dataclasses import dataclass

from returns.result import Failure, Result, Success

from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio
from sim.faults import At
from sim.world.pipes import CLIENT, SHIM, Console, Pipes, Pty
from sim.world.streams import has_client
from sim.world.world import Lost, World


@dataclass(slots=True)
class Screen:
    """A terminal of which the shim has or expects the master."""

    stdio: Stdio
    socket: str
    console: Console
    size: tuple[int, int] | None = None
    stdin_closed: bool = False


class FakeTerminals:
    """The Terminals port."""

    def __init__(self, world: World, pipes: Pipes) -> None:
        self._world = world
        self._pipes = pipes
        self.held: dict[ProcessKey, Screen] = {}

    @property
    def sizes(self) -> dict[ProcessKey, tuple[int, int]]:
        """What was asked for, of those that are held."""
        return {key: each.size for key, each in self.held.items() if each.size is not None}

    async def listen(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[str, StdioFailed | DeadlinePassed]:
        paths = tuple(path for path in (stdio.stdin, stdio.stdout) if path)
        for path in paths:
            if self._pipes.find(path) is None:
                return Failure(StdioFailed(f"{path}: no such FIFO"))
        socket = await self._world.ask(At.STDIO, lambda: self._listen(process, stdio), within)
        if isinstance(socket, Lost):
            await self.close(process)
            return Failure(DeadlinePassed(f"a reader of {stdio.stdout}", within))
        if stdio.stdout:
            output = self._pipes.fifos[stdio.stdout]
            output.open_to_write(SHIM)
            output.open_to_read(SHIM)
            if not await has_client(self._world, output, within):
                await self.close(process)
                return Failure(DeadlinePassed(f"a reader of {stdio.stdout}", within))
        if stdio.stdin:
            self._pipes.fifos[stdio.stdin].open_to_read(SHIM)
        return Success(socket)

    def _listen(self, process: ProcessKey, stdio: Stdio) -> str:
        socket = self._pipes.new_socket()
        self.held[process] = Screen(stdio, socket, self._pipes.listen(socket))
        return socket

    async def connected(
        self, process: ProcessKey, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        waited = await self._world.ask(At.CONSOLE, lambda: None)
        screen = self.held.get(process)
        if screen is None or isinstance(waited, Lost):
            self._pipes.lost.append((process, self._world.scheduler.now))
            return Failure(StdioFailed("no master came"))
        if await self._world.scheduler.first_of((screen.console.came,), within) is None:
            return Failure(DeadlinePassed("the terminal", within))
        if screen.console.pty is None:
            return Failure(StdioFailed("no master came"))
        if screen.size is not None:
            screen.console.pty.size = screen.size
        return Success(None)

    async def resize(
        self, process: ProcessKey, width: int, height: int
    ) -> Result[None, StdioFailed]:
        await self._world.pass_through(At.CONSOLE)
        screen = self.held.get(process)
        if screen is None:
            return Failure(StdioFailed("no terminal"))
        screen.size = (width, height)
        self._pipes.resized.append((process, screen.size))
        if screen.console.pty is not None:
            screen.console.pty.size = screen.size
        return Success(None)

    async def close_stdin(self, process: ProcessKey) -> None:
        await self._world.pass_through(At.CONSOLE)
        screen = self.held.get(process)
        if screen is not None:
            self._pipes.stdin_closed.append((process, self._world.scheduler.now))
            screen.stdin_closed = True

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        await self._world.pass_through(At.CONSOLE)
        screen = self.held.get(process)
        if screen is None:
            return
        self.copy()
        pty = screen.console.pty
        if pty is not None and not pty.is_hung_up:
            # A child in the background may keep it open (F41).
            kept = self._world.faults.verdict(At.READER) is not None
            if pty.is_open or kept:
                await self._world.scheduler.first_of((), within)
                self.copy()
            pty.is_hung_up = True
        if screen.stdio.stdout:
            self._pipes.close(screen.stdio.stdout, SHIM)
        self._pipes.drained.append((process, self._world.scheduler.now))

    async def close(self, process: ProcessKey) -> None:
        await self._world.pass_through(At.CONSOLE)
        self._let_go(process)

    def perish(self) -> None:
        """The process that holds all this is dead."""
        for process in tuple(self.held):
            self._let_go(process)

    def copy(self) -> None:
        """What the event loop does whenever there is something: both ways, and the hang-up."""
        for screen in self.held.values():
            pty = screen.console.pty
            if pty is not None:
                self._copy(screen, pty)

    def _copy(self, screen: Screen, pty: Pty) -> None:
        typed = self._pipes.fifos.get(screen.stdio.stdin)
        if typed is not None:
            pty.input.extend(typed.read())
        screen_shows = self._pipes.fifos.get(screen.stdio.stdout)
        if screen_shows is not None and SHIM in screen_shows.writers:
            screen_shows.write(bytes(pty.output))
        pty.output.clear()
        if screen.stdin_closed and typed is not None and CLIENT not in typed.writers:
            pty.is_hung_up = True
            if screen_shows is not None:
                screen_shows.close(SHIM)

    def _let_go(self, process: ProcessKey) -> None:
        screen = self.held.pop(process, None)
        if screen is None:
            return
        self._pipes.consoles.pop(screen.socket)
        if screen.console.pty is not None:
            screen.console.pty.is_hung_up = True
        for path in (screen.stdio.stdin, screen.stdio.stdout):
            if path:
                self._pipes.close(path, SHIM)
