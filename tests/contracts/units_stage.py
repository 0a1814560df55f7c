"""Where the contract of the `Units` port is played: its world, its programs, its usual moves.

How coroutines are driven and how the world around a unit is moved belongs to the subclass, so
nothing here knows an event loop. A wait that never ends must fail in `drive`.
"""

import itertools
from collections.abc import Coroutine, Iterator
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

import pytest
from returns.result import Result, Success

from domain import limits
from domain.identity import ContainerId, ContainerKey, Namespace, ProcessKey
from domain.ports.units import Units
from domain.unit import JobResult, UnitRef, UnitState
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName, unit_name

T = TypeVar("T")


class Program(Enum):
    """What the main process of a unit does."""

    EXITS_0 = auto()  # soon after it was started
    EXITS_3 = auto()
    RUNS = auto()  # until a signal ends it; TERM does, with nothing in between
    CANNOT_START = auto()


class Upheaval(Enum):
    """What an administrator does to systemd and its bus, as `systemctl` takes it."""

    RELOAD = ("daemon-reload",)
    REEXEC = ("daemon-reexec",)
    BUS_RESTART = ("restart", "dbus")


class World(Protocol):
    """What happens around the units, besides what is asked of the port."""

    def definition(self, unit: UnitName, program: Program) -> UnitDefinition:
        """A unit as the domain makes them (RemainAfterExit and all), with this program."""
        ...

    def kill_from_outside(self, unit: UnitName, number: int) -> None:
        """Somebody signals the main process, not through systemd."""
        ...

    def administrator_stops(self, unit: UnitName) -> None:
        """`systemctl stop`; the unit has stopped when this returns."""
        ...

    def befalls(self, upheaval: Upheaval) -> None:
        """It has happened when this returns."""
        ...

    def lose_the_bus(self) -> None:
        """The connection breaks; nothing keeps a new one from coming up."""
        ...

    def another_daemon(self) -> Units:
        """The port as the next incarnation of the daemon has it."""
        ...

    def daemon_dies(self, units: Units) -> None:
        """All that the kernel and the bus do when its process is gone."""
        ...


class UnitsStage:
    """Subclass it, and give it `drive`, `world` and `units`."""

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs it to its end, and fails if there is none in sight."""
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    @pytest.fixture
    def units(self, world: World) -> Units:
        raise NotImplementedError

    @pytest.fixture
    def names(self) -> Iterator[UnitName]:
        """Names that nobody has used yet."""
        return (contract_unit(f"case-{number}") for number in itertools.count(1))

    # -- what the tests say again and again

    def started(self, world: World, units: Units, unit: UnitName, program: Program) -> UnitState:
        """A unit whose start job is done, and its first reading."""
        assert self.start(world, units, unit, program) == Success(JobResult.DONE)
        return self.state(units, UnitRef(unit))

    def start(
        self, world: World, units: Units, unit: UnitName, program: Program
    ) -> Result[JobResult, Any]:
        return self.drive(units.start(world.definition(unit, program), limits.START_ANSWER))

    def state(self, units: Units, unit: UnitRef) -> UnitState:
        return self.drive(units.read(unit)).unwrap()

    def ended(self, units: Units, unit: UnitRef) -> UnitState:
        """The first reading that shows the main process's end; follows hints."""
        while (state := self.state(units, unit)).exit is None:
            while self.drive(units.hint()) not in {unit.name, None}:
                pass
        return state

    def after(self, upheaval: Upheaval, world: World, units: Units) -> None:
        """It has befallen, and the port has found back to the bus."""
        world.befalls(upheaval)
        while upheaval is Upheaval.BUS_RESTART and self.drive(units.hint()) is not None:
            pass

    def drop(self, units: Units, unit: UnitRef) -> None:
        """What Delete does."""
        assert self.drive(units.stop(unit, limits.RELEASE)) == Success(JobResult.DONE)
        assert self.drive(units.release(unit)) == Success(None)


def contract_unit(container: str) -> UnitName:
    """The unit of a container that only these tests have."""
    owner = ContainerKey(Namespace("contract"), ContainerId(container))
    return unit_name(ProcessKey(owner))
