"""What every implementation of the `Units` port keeps of units that it holds: references, news."""

import signal
from collections.abc import Iterator

import pytest
from returns.result import Failure, Success

from domain.exit_status import MainCode
from domain.ports.units import Units
from domain.refusal import NoSuchUnit
from domain.unit import UnitRef
from domain.unit_name import UnitName
from tests.contracts.units_stage import Program, UnitsStage, Upheaval, World


class HeldUnitsContract(UnitsStage):
    """References, hints, and what befalls systemd and its bus meanwhile."""

    # -- references

    def test_the_status_survives_an_administrators_stop(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.administrator_stops(unit.name)
        state = self.ended(units, unit)
        assert (state.main_code, state.main_status) == (MainCode.KILLED, signal.SIGTERM)
        assert self.state(units, unit).is_over

    def test_a_stopped_unit_is_gone_when_its_reference_is_given_back(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.administrator_stops(unit.name)
        assert self.drive(units.release(unit)) == Success(None)
        assert self.drive(units.read(unit)) == Failure(NoSuchUnit(unit.name))

    def test_a_release_can_be_repeated(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.ended(units, self.started(world, units, next(names), Program.EXITS_3).ref).ref
        self.drop(units, unit)
        for ref in (unit, UnitRef(unit.name)):
            assert self.drive(units.release(ref)) == Success(None)

    def test_an_end_waits_for_the_next_daemon(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.daemon_dies(units)
        world.kill_from_outside(unit.name, signal.SIGKILL)
        later = world.another_daemon()
        assert unit.name in self.drive(later.ours()).unwrap()
        assert self.drive(later.adopt(unit)) == Success(None)
        assert self.ended(later, unit).main_status == signal.SIGKILL

    @pytest.mark.parametrize("by_name", [True, False])
    def test_an_adopted_unit_is_referenced_and_heard_of(
        self,
        world: World,
        units: Units,
        names: Iterator[UnitName],
        by_name: bool,  # noqa: FBT001 - a parameter of the test
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        later = world.another_daemon()
        ref = UnitRef(unit.name) if by_name else unit
        assert self.drive(later.adopt(ref)) == Success(None)
        world.daemon_dies(units)
        world.administrator_stops(unit.name)
        assert self.ended(later, unit).main_status == signal.SIGTERM
        assert self.drive(later.release(unit)) == Success(None)
        assert self.drive(later.read(unit)) == Failure(NoSuchUnit(unit.name))

    def test_a_unit_that_is_adopted_twice_needs_one_release(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        assert self.drive(units.adopt(unit)) == Success(None)
        self.drop(units, unit)
        assert self.drive(units.read(unit)) == Failure(NoSuchUnit(unit.name))

    def test_ours_are_the_loaded_units_whoever_started_them(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        running = self.started(world, units, next(names), Program.RUNS).ref
        over = self.ended(units, self.started(world, units, next(names), Program.EXITS_3).ref).ref
        for daemon in (units, world.another_daemon()):
            assert {running.name, over.name} <= set(self.drive(daemon.ours()).unwrap())
        self.drop(units, over)
        ours = self.drive(units.ours()).unwrap()
        assert running.name in ours
        assert over.name not in ours

    # -- hints

    def test_an_end_comes_as_a_hint(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        bystander = self.started(world, units, next(names), Program.RUNS).ref
        world.kill_from_outside(unit.name, signal.SIGKILL)
        self.ended(units, unit)
        assert self.state(units, bystander).exit is None

    def test_hints_of_one_unit_become_one(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        busy = self.started(world, units, next(names), Program.RUNS).ref
        last = self.started(world, units, next(names), Program.RUNS).ref
        while self.drive(units.hint()) != last.name:
            pass
        world.administrator_stops(busy.name)  # many changes
        self.state(units, busy)  # whatever was sent before its answer has arrived
        world.administrator_stops(last.name)
        self.state(units, last)
        hints = [self.drive(units.hint()) for _ in range(2)]
        assert sorted(map(str, hints)) == sorted([busy.name, last.name])

    def test_a_released_unit_gives_no_hints(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        silent = self.started(world, units, next(names), Program.RUNS).ref
        heard = self.started(world, units, next(names), Program.RUNS).ref
        while self.drive(units.hint()) != heard.name:
            pass
        assert self.drive(units.release(silent)) == Success(None)
        world.administrator_stops(silent.name)
        world.kill_from_outside(heard.name, signal.SIGKILL)
        assert self.drive(units.hint()) == heard.name

    # -- the bus

    def test_after_the_bus_was_lost_anything_may_have_changed_and_everything_works_again(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.lose_the_bus()
        while self.drive(units.hint()) is not None:
            pass
        # Heard of and referenced as before.
        world.administrator_stops(unit.name)
        assert self.ended(units, unit).main_status == signal.SIGTERM
        self.drop(units, unit)
        assert self.drive(units.read(unit)) == Failure(NoSuchUnit(unit.name))
        self.started(world, units, unit.name, Program.RUNS)

    @pytest.mark.parametrize("upheaval", Upheaval)
    def test_units_and_references_survive_what_an_administrator_does_to_systemd(
        self, world: World, units: Units, names: Iterator[UnitName], upheaval: Upheaval
    ) -> None:
        """F54, F77, F98, and nothing is asked of the shim meanwhile (S27)."""
        unit = self.started(world, units, next(names), Program.RUNS).ref
        self.after(upheaval, world, units)
        assert self.state(units, unit).ref == unit
        world.administrator_stops(unit.name)
        assert self.ended(units, unit).main_status == signal.SIGTERM
        self.drop(units, unit)
        assert unit.name not in self.drive(units.ours()).unwrap()

    @pytest.mark.parametrize("upheaval", Upheaval)
    def test_an_end_after_it_is_heard_of_all_the_same(
        self, world: World, units: Units, names: Iterator[UnitName], upheaval: Upheaval
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        self.after(upheaval, world, units)
        world.kill_from_outside(unit.name, signal.SIGKILL)
        assert self.ended(units, unit).main_status == signal.SIGKILL
        self.drop(units, unit)

    def test_an_end_while_the_bus_was_away_is_found(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.lose_the_bus()
        world.kill_from_outside(unit.name, signal.SIGKILL)
        assert self.ended(units, unit).main_status == signal.SIGKILL
