"""One life of the shim's process in the world: its ports, its memory, and its death."""

from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from domain.caller import Caller
from domain.shim import Ports, Shim
from domain.unit_definition import Host
from domain.use_cases.start_up import start_up
from sim.scheduler import Task
from sim.world.disk import Disk, FakeBundles, FakeRecords
from sim.world.host import (
    EventSink,
    FakeCgroups,
    FakeClock,
    FakeMounts,
    FakeProcesses,
    FakePublisher,
    SimConcurrency,
    StoryLog,
)
from sim.world.pipes import Pipes
from sim.world.runc import Oci
from sim.world.runtime import FakeRunc
from sim.world.streams import FakeFifos
from sim.world.systemd import Systemd
from sim.world.terminals import FakeTerminals
from sim.world.units import FakeUnits
from sim.world.world import World

T = TypeVar("T")

HOST: Final = Host(
    systemd_version=257,
    cgroup_root="",
    reaper=("reaper",),
    subgroup_launcher=("subgroup",),
    daemon_unit="containerd-shim-systemd.service",
)


@dataclass(slots=True)
class Machine:
    """What stays when the shim dies: disk, systemd, runc's state, containerd's memory."""

    world: World
    disk: Disk
    pipes: Pipes
    oci: Oci
    systemd: Systemd
    sink: EventSink
    # When each shim died, by its name, for those who ask what it may have forgotten.
    died_at: dict[str, float] = field(default_factory=dict)
    # And when each one began.
    boots_at: list[float] = field(default_factory=list)

    @classmethod
    def in_world(cls, world: World) -> "Machine":
        disk = Disk(world)
        pipes = Pipes(world.scheduler)
        oci = Oci(world, disk, pipes)
        return cls(world, disk, pipes, oci, Systemd(world, oci), EventSink(world))


class Incarnation:
    """A running shim. `die` ends it anywhere; another one on the same machine goes on."""

    def __init__(self, machine: Machine, name: str) -> None:
        self.name = name
        self._boots_at, self._died_at = machine.boots_at, machine.died_at
        self._world = machine.world
        self._scheduler = machine.world.scheduler
        self.units = FakeUnits(machine.systemd, name)
        self.fifos = FakeFifos(machine.world, machine.pipes)
        self.terminals = FakeTerminals(machine.world, machine.pipes)
        concurrency = SimConcurrency(self._scheduler, name)
        told = partial(machine.world.story.told, self._scheduler)
        ports = Ports(
            units=told("bus", self.units),
            runc=told("runc", FakeRunc(machine.oci)),
            bundles=told("disk", FakeBundles(machine.disk)),
            records=told("disk", FakeRecords(machine.disk)),
            mounts=told("kernel", FakeMounts(machine.disk)),
            fifos=told("kernel", self.fifos),
            terminals=told("kernel", self.terminals),
            cgroups=told("kernel", FakeCgroups(machine.world)),
            processes=told("kernel", FakeProcesses(machine.world)),
            publisher=told("containerd", FakePublisher(machine.sink)),
            concurrency=concurrency,
            clock=FakeClock(machine.world),
            log=StoryLog(machine.world),
        )
        self.shim = Shim(ports, HOST)
        self.ready = self._scheduler.latch()
        # Opens when the process is dead; calls in flight are never answered then.
        self.dead = self._scheduler.latch()

    def boot(self) -> None:
        self._world.detail("shim", self.name, "boots")
        self._boots_at.append(self._scheduler.now)
        self._scheduler.spawn(f"{self.name} boots", self._boot(), self.name)

    async def _boot(self) -> None:
        await start_up(self.shim)
        self._world.detail("shim", self.name, "serves")
        self.ready.open()

    def caller(self) -> Caller:
        return Caller(self._scheduler.latch())

    def call(self, name: str, work: Coroutine[Any, Any, T]) -> Task[T]:
        """An API call, as the server runs it: a task of its own."""
        return self._scheduler.spawn(name, work, self.name)

    def die(self) -> None:
        """SIGKILL: memory, connections and open descriptors are gone."""
        self._scheduler.drop(self.name)
        self._perish()

    def cancel(self) -> None:
        """An orderly end that cancels what runs; the disk and systemd keep all that matters."""
        self._scheduler.cancel(self.name)
        self._perish()

    def _perish(self) -> None:
        self._died_at[self.name] = self._scheduler.now
        self.units.disconnect()
        self.fifos.perish()
        self.terminals.perish()
        self.dead.open()
