"""The rest of what the rules' ports lead to: mounts, cgroups, processes, clock, containerd."""

from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar, cast

from returns.result import Failure, Result, Success

from domain.event import TaskEvent
from domain.exit_status import Timestamp
from domain.identity import ContainerKey, Pid, ProcessKey
from domain.limits import Seconds
from domain.ports.concurrency import Latch
from domain.ports.log import Level
from domain.ports.processes import Program
from domain.refusal import CgroupFailed, DeadlinePassed, MountFailed, ProcessGone
from domain.request import Mount
from sim.faults import At
from sim.scheduler import Scheduler, SimLatch, Task, first_of
from sim.world.disk import Disk
from sim.world.world import Lost, World

T = TypeVar("T")

# What can be mounted, and the folders in it.
SOURCES: Final = {"/image": ("inside",), "/other": ()}


class FakeMounts:
    """The Mounts port."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def mount(
        self, rootfs: str, mounts: tuple[Mount, ...], within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        outcome = await self._disk.world.ask(At.MOUNT, lambda: self._mount(rootfs, mounts), within)
        match outcome:
            case Lost.LATE:
                return Failure(DeadlinePassed("mount", within))
            case Lost():
                return Failure(MountFailed("no space left on device"))
            case _:
                return outcome

    def _mount(self, rootfs: str, mounts: tuple[Mount, ...]) -> Result[None, MountFailed]:
        here = self._disk.mounted.get(rootfs, [])
        stack = list(here)
        for mount in mounts:
            self._disk.folders[rootfs] = None
            folders = ("", *(SOURCES.get(stack[-1].source, ()) if stack else ()))
            if mount.source not in SOURCES or mount.target.strip("/") not in folders:
                return Failure(MountFailed(f"{mount.source}: no such file or directory"))
            stack.append(mount)
        if stack:
            self._disk.mounted[rootfs] = stack
            self._disk.mounts.append((rootfs, True, self._disk.world.scheduler.now))
        return Success(None)

    async def unmount(
        self, rootfs: str, within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        outcome = await self._disk.world.ask(At.UNMOUNT, lambda: self._unmount(rootfs), within)
        match outcome:
            case Lost.LATE:
                return Failure(DeadlinePassed("unmount", within))
            case Lost():
                return Failure(MountFailed("device or resource busy"))
            case _:
                return Success(None)

    def _unmount(self, rootfs: str) -> None:
        if self._disk.mounted.pop(rootfs, None) is not None:
            self._disk.mounts.append((rootfs, False, self._disk.world.scheduler.now))


class FakeCgroups:
    """The Cgroups port."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def thaw(self, cgroup: str) -> Result[None, CgroupFailed]:
        if not cgroup.startswith("/") or cgroup == "/" or ".." in cgroup.split("/"):
            return Failure(CgroupFailed(f"{cgroup!r} is no container's cgroup"))
        thawed = await self._world.ask(At.THAW, lambda: self._world.kernel.thaw(cgroup))
        return Failure(CgroupFailed("device busy")) if isinstance(thawed, Lost) else Success(None)

    async def remove(self, cgroup: str) -> Result[None, CgroupFailed]:
        if not cgroup.startswith("/") or cgroup == "/" or ".." in cgroup.split("/"):
            return Failure(CgroupFailed(f"{cgroup!r} is no container's cgroup"))
        return Success(None)  # what is removed here is empty, and nobody in this world sees it


class FakeProcesses:
    """The Processes port."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def identify(self, pid: Pid, cgroup: str) -> Result[Program, ProcessGone]:
        await self._world.pass_through(At.PROCESS)
        found = self._world.kernel.living(pid)
        if found is None or found not in self._world.kernel.inside(cgroup):
            return Failure(ProcessGone())
        return Success(Program(pid, found.started_ticks))

    async def signal(self, program: Program, signal: int) -> Result[None, ProcessGone]:
        await self._world.pass_through(At.PROCESS)
        found = self._world.kernel.living(program.pid)
        if found is None or found.started_ticks != program.started_ticks:
            return Failure(ProcessGone())
        self._world.kernel.signal(found, signal)
        return Success(None)


class FakeClock:
    """The Clock port."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> Timestamp:
        return self._world.wall()


class EventSink:
    """containerd's event service: everything it ever got, across the shim's incarnations."""

    def __init__(self, world: World, address: str = "") -> None:
        self.world = world
        self.address = address
        self.got: list[TaskEvent] = []
        # When each came, beside `got`.
        self.at: list[float] = []
        self.is_up = world.scheduler.latch()
        self.is_up.open()
        # Opens when this containerd goes, with every call that its clients have under way.
        self.gone = world.scheduler.latch()

    def go(self) -> None:
        self.world.tell("containerd", "goes down")
        self.is_up = self.world.scheduler.latch()
        self.gone.open()

    def come_back(self) -> None:
        self.world.tell("containerd", "is up again")
        self.gone = self.world.scheduler.latch()
        self.is_up.open()

    def hear(self, event: TaskEvent) -> None:
        self.got.append(event)
        self.at.append(self.world.scheduler.now)
        self.world.tell("containerd", "hears", event)


class FakePublisher:
    """The Publisher port."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    async def publish(self, address: str, event: TaskEvent) -> None:
        if address != self._sink.address:
            return  # nobody listens there, so there is nobody to wait for
        lost: object = Lost.DENIED
        while isinstance(lost, Lost):  # the acknowledgement was lost: it is sent again
            await self._sink.world.scheduler.first_of((self._sink.is_up,), None)
            lost = await self._sink.world.ask(At.PUBLISH, lambda: self._sink.hear(event))


class SimConcurrency:
    """The Concurrency port of one incarnation: all that it spawns dies with it."""

    def __init__(self, scheduler: Scheduler, incarnation: str) -> None:
        self._scheduler = scheduler
        self._me = incarnation
        self.latch = scheduler.latch

    # Not just what it returns: of a coroutine Python says when nobody awaits it.
    async def first_of(self, latches: Sequence[Latch], within: Seconds | None) -> Latch | None:
        # Every latch of this world is one of the scheduler's; to look at each takes its time.
        return await first_of(cast("Sequence[SimLatch]", latches), within)

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> Task[T]:
        return self._scheduler.spawn(name, work, self._me)


class StoryLog:
    """The Log port: what the shim says becomes part of the story."""

    def __init__(self, world: World) -> None:
        self._world = world

    def write(self, level: Level, about: ProcessKey | ContainerKey | None, text: str) -> None:
        if level > Level.DEBUG:
            self._world.tell("shim", text if about is None else f"{about}: {text}")
