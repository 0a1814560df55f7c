"""stdio by FIFO, of one incarnation of the shim; its ends die with it."""

from typing import Final

from returns.result import Failure, Result, Success

from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio
from sim.faults import At, Does
from sim.world.pipes import CLIENT, SHIM, STAND_IN, Pipe, Pipes
from sim.world.world import Lost, World

# What a program's last words are.
LEFT: Final = b"bye"


class FakeFifos:
    """The Fifos port."""

    def __init__(self, world: World, pipes: Pipes) -> None:
        self._world = world
        self._pipes = pipes
        self.held: dict[ProcessKey, Stdio] = {}

    async def open(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        missing = self._missing(stdio)
        if missing is not None:
            return Failure(missing)
        came = await self._world.ask(At.STDIO, lambda: self._hold(process, stdio), within)
        if isinstance(came, Lost):
            await self.close(process)
            return Failure(DeadlinePassed(f"a reader of {stdio.stdout}", within))
        for path in _outputs(stdio):
            if not await has_client(self._world, self._pipes.fifos[path], within):
                await self.close(process)
                return Failure(DeadlinePassed(f"a reader of {path}", within))
        return Success(None)

    async def reopen(self, process: ProcessKey, stdio: Stdio) -> Result[None, StdioFailed]:
        await self._world.pass_through(At.STDIO)
        missing = self._missing(stdio)
        if missing is not None:
            return Failure(missing)
        self._hold(process, stdio)
        for path in _paths(stdio):
            self._pipes.fifos[path].close(STAND_IN)
        return Success(None)

    async def close_stdin(self, process: ProcessKey) -> None:
        await self._world.pass_through(At.STDIO)
        stdio = self.held.get(process)
        if stdio is not None and stdio.stdin:
            self._pipes.stdin_closed.append((process, self._world.scheduler.now))
            pipe = self._pipes.fifos[stdio.stdin]
            pipe.close(SHIM)
            if not pipe.has_begun:
                pipe.open_to_write(STAND_IN)  # or the program's open would wait for a writer

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        await self._world.pass_through(At.STDIO)
        for path in _outputs(self.held.get(process, Stdio())):
            pipe = self._pipes.fifos.get(path)
            if pipe is None or SHIM not in pipe.readers:
                continue  # closed meanwhile, or drained before: no end of it is held any more
            pipe.close(STAND_IN)
            _meet_reader(self._world, pipe)
            await _is_read(self._world, pipe, within)
            pipe.close(SHIM)
        self._pipes.drained.append((process, self._world.scheduler.now))

    async def close(self, process: ProcessKey) -> None:
        await self._world.pass_through(At.STDIO)
        self._let_go(process)

    def perish(self) -> None:
        """The process that holds all this is dead."""
        for process in tuple(self.held):
            self._let_go(process)

    def _missing(self, stdio: Stdio) -> StdioFailed | None:
        for path in _paths(stdio):
            if self._pipes.find(path) is None:
                return StdioFailed(f"{path}: no such FIFO")
        return None

    def _hold(self, process: ProcessKey, stdio: Stdio) -> None:
        self.held[process] = stdio
        for path in _outputs(stdio):
            pipe = self._pipes.fifos[path]
            pipe.open_to_read(SHIM)
            if not pipe.has_begun:
                pipe.open_to_write(STAND_IN)
        if stdio.stdin:
            pipe = self._pipes.fifos[stdio.stdin]
            pipe.open_to_write(SHIM)
            if not pipe.has_begun:
                pipe.open_to_read(STAND_IN)

    def _let_go(self, process: ProcessKey) -> None:
        for path in _paths(self.held.pop(process, Stdio())):
            pipe = self._pipes.fifos[path]
            pipe.close(SHIM)
            pipe.close(STAND_IN)
            if self._pipes.made_by_clients and CLIENT not in pipe.readers:
                del self._pipes.fifos[path]  # one who comes again makes it anew


async def has_client(world: World, pipe: Pipe, within: Seconds) -> bool:
    """Waits until the client has it open for reading."""
    ends = world.scheduler.now + within
    while CLIENT not in pipe.readers:
        left = ends - world.scheduler.now
        if left <= 0 or await world.scheduler.first_of((pipe.moved,), left) is None:
            return False
    return True


def _meet_reader(world: World, pipe: Pipe) -> None:
    """A client may have gone, or stop reading for a time with something left (F36, F38)."""
    match world.faults.verdict(At.READER):
        case None:
            pass
        case Does.LATE:
            pipe.open_to_read(CLIENT)
            pipe.data.extend(LEFT)
            world.scheduler.spawn("reader", _read_late(world, pipe), "world")
        case _:
            pipe.data.extend(LEFT)
            pipe.close(CLIENT)


async def _read_late(world: World, pipe: Pipe) -> None:
    await world.scheduler.first_of((), world.faults.lateness())
    pipe.read()


async def _is_read(world: World, pipe: Pipe, within: Seconds) -> None:
    """Waits until the client has read everything, or is gone."""
    ends = world.scheduler.now + within
    while pipe.data and CLIENT in pipe.readers:
        left = ends - world.scheduler.now
        if left <= 0 or await world.scheduler.first_of((pipe.moved,), left) is None:
            return


def _outputs(stdio: Stdio) -> tuple[str, ...]:
    return tuple(dict.fromkeys(path for path in (stdio.stdout, stdio.stderr) if path))


def _paths(stdio: Stdio) -> tuple[str, ...]:
    return (*((stdio.stdin,) if stdio.stdin else ()), *_outputs(stdio))
