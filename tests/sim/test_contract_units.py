"""The Units contract on the fake bus and systemd."""

from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, Final, TypeVar

import pytest

from domain.identity import ContainerId, ContainerKey, Namespace, ProcessKey
from domain.ports.units import Units
from domain.request import RuntimeOptions, Stdio
from domain.unit_definition import Start, UnitDefinition, init_unit
from domain.unit_name import UnitName
from sim.incarnation import HOST, Machine
from sim.upheavals import Node, reexecute_systemd, reload_systemd, restart_bus
from sim.world import kernel
from sim.world.runc import MISSING, args_of
from sim.world.units import FakeUnits
from sim.world.world import World as SimWorld
from tests.contracts.units_contract import UnitsContract
from tests.contracts.units_stage import Program, Upheaval, World
from tests.sim.driving import drive_in

T = TypeVar("T")

PROGRAMS: Final = {
    Program.EXITS_0: args_of(kernel.Program(0, runs_s=0.01)),
    Program.EXITS_3: args_of(kernel.Program(3, runs_s=0.01)),
    Program.RUNS: args_of(kernel.Program(runs_s=None)),
    Program.CANNOT_START: (MISSING,),
}
UPHEAVALS: Final = {
    Upheaval.RELOAD: reload_systemd,
    Upheaval.REEXEC: reexecute_systemd,
    Upheaval.BUS_RESTART: restart_bus,
}
BYSTANDER: Final = UnitName("ssh.service")
SOMEBODY: Final = ProcessKey(ContainerKey(Namespace("contract"), ContainerId("somebody")))


class Simulated:
    """What happens around the units."""

    def __init__(self, world: SimWorld) -> None:
        self.machine = Machine.in_world(world)
        self.daemons: list[FakeUnits] = []

    def definition(self, unit: UnitName, program: Program) -> UnitDefinition:
        start = Start(SOMEBODY, "/bundle", Stdio(), RuntimeOptions(), "system.slice", debug=False)
        usual = init_unit(start, HOST)
        properties = {**usual.properties, "Type": "exec"}
        return replace(usual, name=unit, argv=PROGRAMS[program], properties=properties)

    def kill_from_outside(self, unit: UnitName, number: int) -> None:
        main = self.machine.systemd.units[unit].main
        assert main is not None
        self.machine.world.kernel.signal(main, number)

    def administrator_stops(self, unit: UnitName) -> None:
        drive_in(self.machine.world)(self.machine.systemd.stop(self.machine.systemd.units[unit]))

    def befalls(self, upheaval: Upheaval) -> None:
        self.machine.systemd.start(self.definition(BYSTANDER, Program.RUNS), "somebody")
        node = Node(self.machine, (), self.machine.systemd.units[BYSTANDER])
        drive_in(self.machine.world)(UPHEAVALS[upheaval](node))

    def lose_the_bus(self) -> None:
        for daemon in self.daemons:
            daemon.lose_the_bus()

    def another_daemon(self) -> Units:
        daemon = FakeUnits(self.machine.systemd, f"shim {len(self.daemons) + 1}")
        self.daemons.append(daemon)
        return daemon

    def daemon_dies(self, units: Units) -> None:
        for daemon in self.daemons:
            if daemon is units:
                daemon.disconnect()
        self.daemons = [daemon for daemon in self.daemons if daemon is not units]


class TestTheFake(UnitsContract):
    simulated: Simulated

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        return drive_in(self.simulated.machine.world)(work)

    @pytest.fixture
    def world(self) -> World:
        self.simulated = Simulated(SimWorld.from_seed(1))
        return self.simulated

    @pytest.fixture
    def units(self, world: World) -> Units:
        return world.another_daemon()
