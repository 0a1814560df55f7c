"""The rest of what the rules' ports lead to: mounts, cgroups, processes, clock, containerd."""

from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

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
from sim.faults import At, Does
from sim.scheduler import Scheduler, SimLatch, Task
from sim.world.disk import Disk
from sim.world.world import World

T = TypeVar("T")


class FakeMounts:
    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def mount(
        self, rootfs: str, mounts: tuple[Mount, ...], within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        does = await self._disk.world.reach(At.MOUNT)
        if does is Does.FAILS_BEFORE:
            return Failure(MountFailed("no such device"))
        if mounts:
            self._disk.mounted[rootfs] = None
        return Success(None)

    async def unmount(
        self, rootfs: str, within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        does = await self._disk.world.reach(At.UNMOUNT)
        if does is Does.FAILS_BEFORE:
            return Failure(MountFailed("device or resource busy"))
        self._disk.mounted.pop(rootfs, None)
        return Success(None)


class FakeCgroups:
    def __init__(self, world: World) -> None:
        self._world = world

    async def thaw(self, cgroup: str) -> Result[None, CgroupFailed]:
        await self._world.reach(At.THAW)
        self._world.kernel.thaw(cgroup)
        return Success(None)


class FakeProcesses:
    def __init__(self, world: World) -> None:
        self._world = world

    async def identify(self, pid: Pid, cgroup: str) -> Result[Program, ProcessGone]:
        await self._world.reach(At.PROCESS)
        found = self._world.kernel.living(pid)
        if found is None or found not in self._world.kernel.inside(cgroup):
            return Failure(ProcessGone())
        return Success(Program(pid, found.started_ticks))

    async def signal(self, program: Program, signal: int) -> Result[None, ProcessGone]:
        await self._world.reach(At.PROCESS)
        found = self._world.kernel.living(program.pid)
        if found is None or found.started_ticks != program.started_ticks:
            return Failure(ProcessGone())
        self._world.kernel.signal(found, signal)
        return Success(None)


class FakeClock:
    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> Timestamp:
        return self._world.wall()


class EventSink:
    """containerd's event service: everything it ever got, across the shim's incarnations."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.got: list[TaskEvent] = []


class FakePublisher:
    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    async def publish(self, address: str, event: TaskEvent) -> None:
        while True:
            does = await self._sink.world.reach(At.PUBLISH)
            self._sink.got.append(event)
            self._sink.world.tell("containerd", f"hears {event}")
            if does is not Does.FAILS_AFTER:
                return  # else: the acknowledgement was lost, and it is sent again


class SimConcurrency:
    """The Concurrency port of one incarnation: all that it spawns dies with it."""

    def __init__(self, scheduler: Scheduler, incarnation: str) -> None:
        self._scheduler = scheduler
        self._me = incarnation

    def latch(self) -> SimLatch:
        return self._scheduler.latch()

    async def first_of(self, latches: Sequence[Latch], within: Seconds | None) -> Latch | None:
        return await self._scheduler.first_of(
            [latch for latch in latches if isinstance(latch, SimLatch)], within
        )

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> Task[T]:
        return self._scheduler.spawn(name, work, self._me)


class StoryLog:
    """The Log port: what the shim says becomes part of the story."""

    def __init__(self, world: World) -> None:
        self._world = world

    def write(self, level: Level, about: ProcessKey | ContainerKey | None, text: str) -> None:
        if level > Level.DEBUG:
            self._world.tell("shim", text if about is None else f"{about}: {text}")
