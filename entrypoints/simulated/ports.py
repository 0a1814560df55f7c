"""The ports through which a simulated shim reaches its client's real FIFOs and event service.

Each first does what its fake does, with the faults that are drawn for it, and then the real thing.
"""

from collections.abc import Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

from returns.result import Failure, Result, Success

from adapters.stdio.fifo import LinuxFifos
from domain.event import TaskEvent
from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.outcome import failed
from domain.ports.streams import Fifos, Streams, Terminals
from domain.refusal import DeadlinePassed, MountFailed, StdioFailed
from domain.request import Mount, Stdio
from sim.faults import At
from sim.world.world import Lost, World

T = TypeVar("T")
S = TypeVar("S", bound=Streams)


class Outside(Protocol):
    """Waits, in a task of the world, for work on the event loop."""

    async def __call__(self, work: Coroutine[Any, Any, T]) -> T: ...


class MortalFifos(LinuxFifos):
    """The client's FIFOs as one incarnation of the shim holds them."""

    def perish(self) -> None:
        """The shim is dead, and no end of it stays open."""
        for ends in self._held.values():
            ends.close()
        self._held.clear()


class _RealStreams(Generic[S]):
    """What FIFOs and terminals have in common; both are the client's FIFOs in the end."""

    def __init__(self, fake: S, real: LinuxFifos, outside: Outside) -> None:
        self._fake = fake
        self._real = real
        self._outside = outside

    async def close_stdin(self, process: ProcessKey) -> None:
        await self._fake.close_stdin(process)
        await self._outside(self._real.close_stdin(process))

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        await self._fake.drain(process, within)
        await self._outside(self._real.drain(process, within))

    async def close(self, process: ProcessKey) -> None:
        await self._fake.close(process)
        await self._outside(self._real.close(process))


class RealFifos(_RealStreams[Fifos]):
    """The Fifos port."""

    async def open(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        opened = await self._fake.open(process, stdio, within)
        if failed(opened):
            return opened
        return await self._outside(self._real.open(process, stdio, within))

    async def reopen(self, process: ProcessKey, stdio: Stdio) -> Result[None, StdioFailed]:
        opened = await self._fake.reopen(process, stdio)
        if failed(opened):
            return opened
        return await self._outside(self._real.reopen(process, stdio))


class RealTerminals(_RealStreams[Terminals]):
    """The Terminals port: the terminal is simulated, the FIFOs on this side of it are real."""

    async def listen(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[str, StdioFailed | DeadlinePassed]:
        listening = await self._fake.listen(process, stdio, within)
        if failed(listening):
            return listening
        plain = Stdio(stdio.stdin, stdio.stdout)
        opened = await self._outside(self._real.open(process, plain, within))
        return Failure(opened.failure()) if failed(opened) else listening

    async def connected(
        self, process: ProcessKey, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        return await self._fake.connected(process, within)

    async def resize(
        self, process: ProcessKey, width: int, height: int
    ) -> Result[None, StdioFailed]:
        return await self._fake.resize(process, width, height)


class AnyMounts:
    """The Mounts port: whatever a client wants mounted can be, and nothing really is."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def mount(
        self, rootfs: str, mounts: tuple[Mount, ...], within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        return await self._ask(At.MOUNT, f"mount {len(mounts)} on {rootfs}", within)

    async def unmount(
        self, rootfs: str, within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        return await self._ask(At.UNMOUNT, f"unmount {rootfs}", within)

    async def _ask(
        self, at: At, what: str, within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        done = await self._world.ask(at, lambda: None, within)
        match done:
            case Lost.LATE:
                return Failure(DeadlinePassed(what, within))
            case Lost():
                return Failure(MountFailed("device or resource busy"))
            case _:
                return Success(None)


class PostingPublisher:
    """The Publisher port: an event is told when it is in the post.

    The post delivers in the order of posting, and goes on when the shim has died: a containerd
    that is away for real is not what makes a simulated shim slow, its faults are.
    """

    def __init__(self, world: World, post: Callable[[str, TaskEvent], None], default: str) -> None:
        self._world = world
        self._post = post
        self._default = default

    async def publish(self, address: str, event: TaskEvent) -> None:
        lost: object = Lost.DENIED
        while isinstance(lost, Lost):  # the acknowledgement was lost: it is sent again
            lost = await self._world.ask(At.PUBLISH, lambda: self._send(address, event))

    def _send(self, address: str, event: TaskEvent) -> None:
        self._world.tell("containerd", "hears", event)
        self._post(address or self._default, event)
