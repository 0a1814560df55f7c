"""stdio and terminals: who holds which ends, as far as lifecycles depend on it."""

from returns.result import Failure, Result, Success

from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio
from sim.faults import At, Does
from sim.world.world import World


class FakeFifos:
    """The Fifos port; its ends die with the incarnation of the shim that holds them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.held: dict[ProcessKey, Stdio] = {}

    async def open(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        does = await self._world.reach(At.STDIO)
        if does is Does.FAILS_BEFORE:
            return Failure(DeadlinePassed(f"a reader of {stdio.stdout}", within))
        self.held[process] = stdio
        return Success(None)

    async def reopen(self, process: ProcessKey, stdio: Stdio) -> Result[None, StdioFailed]:
        await self._world.reach(At.STDIO)
        self.held[process] = stdio
        return Success(None)

    async def close_stdin(self, process: ProcessKey) -> None:
        await self._world.reach(At.STDIO)

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        await self._world.reach(At.STDIO)

    async def close(self, process: ProcessKey) -> None:
        await self._world.reach(At.STDIO)
        self.held.pop(process, None)


class FakeTerminals:
    """The Terminals port."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.held: dict[ProcessKey, Stdio] = {}
        self.sizes: dict[ProcessKey, tuple[int, int]] = {}

    async def listen(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[str, StdioFailed | DeadlinePassed]:
        does = await self._world.reach(At.STDIO)
        if does is Does.FAILS_BEFORE:
            return Failure(DeadlinePassed(f"a reader of {stdio.stdout}", within))
        self.held[process] = stdio
        return Success(f"/run/pty/{process}")

    async def connected(
        self, process: ProcessKey, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        does = await self._world.reach(At.CONSOLE)
        if process not in self.held or does is Does.FAILS_BEFORE:
            return Failure(StdioFailed("no master came"))
        return Success(None)

    async def resize(
        self, process: ProcessKey, width: int, height: int
    ) -> Result[None, StdioFailed]:
        await self._world.reach(At.CONSOLE)
        self.sizes[process] = (width, height)
        return Success(None)

    async def close_stdin(self, process: ProcessKey) -> None:
        await self._world.reach(At.CONSOLE)

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        await self._world.reach(At.CONSOLE)

    async def close(self, process: ProcessKey) -> None:
        await self._world.reach(At.CONSOLE)
        self.held.pop(process, None)
        self.sizes.pop(process, None)
