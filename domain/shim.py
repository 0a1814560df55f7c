"""The shim: the containers it holds and the ports through which it acts.

Each use case is a function of its own (use_cases/) that takes this as its first argument.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from returns.result import Failure, Result, Success

from domain import limits
from domain.identity import ContainerKey, ProcessKey
from domain.ports.bundles import Bundles
from domain.ports.cgroups import Cgroups
from domain.ports.clock import Clock
from domain.ports.concurrency import Concurrency, Latch
from domain.ports.log import Level, Log
from domain.ports.mounts import Mounts
from domain.ports.processes import Processes
from domain.ports.publisher import Publisher
from domain.ports.records import Records
from domain.ports.runc import Runc
from domain.ports.streams import Fifos, Streams, Terminals
from domain.ports.units import Units
from domain.refusal import Refusal, UnknownContainer, UnknownExec
from domain.task import Container, Process
from domain.unit_definition import Host
from domain.unit_name import UnitName


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside; production and simulation differ in this value alone."""

    units: Units
    runc: Runc
    bundles: Bundles
    records: Records
    mounts: Mounts
    fifos: Fifos
    terminals: Terminals
    cgroups: Cgroups
    processes: Processes
    publisher: Publisher
    concurrency: Concurrency
    clock: Clock
    log: Log

    def streams(self, process: Process) -> Streams:
        return self.terminals if process.stdio.terminal else self.fifos


@dataclass(slots=True)
class Shim:
    ports: Ports
    host: Host
    containers: dict[ContainerKey, Container] = field(default_factory=dict)
    units: dict[UnitName, tuple[Container, Process]] = field(default_factory=dict)
    # Ids that are taken, though no client was told of a container: one is made, or ended.
    creating: dict[ContainerKey, Latch] = field(default_factory=dict)
    # Earlier lives whose last event containerd has not acknowledged; a new life of the same
    # id tells nothing before (S4).
    farewells: dict[ContainerKey, Latch] = field(default_factory=dict)
    # Bundles of containers that were deleted whole, until containerd asks for their clean-up,
    # which it does after every Delete: there is nothing left to look for.
    whole: dict[ContainerKey, str] = field(default_factory=dict)
    # Failed Creates of which something may be left.
    remnants: list[Container] = field(default_factory=list)
    # Containers that are gone, but for a record that could not be removed.
    unforgotten: list[Container] = field(default_factory=list)
    # The greatest number of a life that was ever given or found: the wall clock may be set back
    # (F122), and the younger of two records of one id must have the greater one.
    youngest: int = 0
    # Processes of a former daemon whose units have no reference of ours yet.
    unheld: list[tuple[Container, Process]] = field(default_factory=list)

    def container(self, owner: ContainerKey) -> Result[Container, UnknownContainer]:
        found = self.containers.get(owner)
        return Failure(UnknownContainer(owner.container)) if found is None else Success(found)

    def process(
        self, key: ProcessKey
    ) -> Result[tuple[Container, Process], UnknownContainer | UnknownExec]:
        """The process and its container; the container is looked for first (R071)."""
        container = self.containers.get(key.owner)
        if container is None:
            return Failure(UnknownContainer(key.owner.container))
        if key.exec_id is None:
            return Success((container, container.init))
        process = container.execs.get(key.exec_id)
        if process is None or not process.is_known:
            return Failure(UnknownExec(key.exec_id))
        return Success((container, process))

    def claim(self, owner: ContainerKey) -> None:
        """From now on nobody else begins a container of this id, or ends what is left of one."""
        self.whole.pop(owner, None)
        self.creating[owner] = self.ports.concurrency.latch()

    def unclaim(self, owner: ContainerKey) -> None:
        """The id is free, or the container known, before anybody who waited looks again."""
        self.creating.pop(owner).open()

    def deleted_whole(self, container: Container) -> None:
        """Of those whose clean-up nobody asks for only so many; the others would be looked for."""
        self.whole[container.owner] = container.bundle
        if len(self.whole) > limits.DELETED_WHOLE:
            del self.whole[next(iter(self.whole))]

    def track(self, container: Container, process: Process) -> None:
        """From now on hints about the process's unit lead to it."""
        self.units[process.unit] = (container, process)

    def untrack(self, process: Process) -> None:
        self.units.pop(process.unit, None)

    def tracked(self, unit: UnitName | None) -> Iterator[tuple[Container, Process]]:
        """Whom a hint is about: one unit's process, or all of them."""
        if unit is None:
            yield from tuple(self.units.values())
        elif unit in self.units:
            yield self.units[unit]

    def lost(self, what: str, about: ProcessKey | ContainerKey, why: Refusal) -> None:
        """A failure that nobody is waiting for: says what did not happen."""
        self.ports.log.write(Level.WARNING, about, f"{what}: {why}")
