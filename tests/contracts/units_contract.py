"""What every implementation of the `Units` port keeps, the fake one and the real one."""

import signal
from collections.abc import Iterator

import pytest
from returns.result import Failure, Success

from domain import limits
from domain.exit_status import MainCode
from domain.outcome import failed
from domain.ports.units import Units
from domain.refusal import NoSuchUnit, UnitExists
from domain.unit import Activity, InvocationId, JobResult, UnitRef, Whom
from domain.unit_name import UnitName
from tests.contracts.held_units_contract import HeldUnitsContract
from tests.contracts.units_stage import Program, World


class UnitsContract(HeldUnitsContract):
    """Subclass it, and give it `drive`, `world` and `units`. Here: from a start to its end."""

    # -- start and read

    def test_a_started_unit_is_active_and_has_a_main_process_and_an_invocation(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        state = self.started(world, units, unit, Program.RUNS)
        assert state.activity is Activity.ACTIVE
        assert state.main_pid > 1
        assert state.ref.name == unit
        assert state.ref.invocation is not None
        assert len(state.ref.invocation) == 32
        assert state.exit is None
        assert not state.is_over

    def test_a_reading_by_invocation_says_the_same_as_one_by_name(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        state = self.started(world, units, next(names), Program.RUNS)
        assert self.state(units, state.ref) == state

    @pytest.mark.parametrize(
        ("program", "status"), [(Program.EXITS_0, 0), (Program.EXITS_3, 3)], ids=["0", "3"]
    )
    def test_an_exit_code_and_its_time_can_be_read_after_the_end(
        self,
        world: World,
        units: Units,
        names: Iterator[UnitName],
        program: Program,
        status: int,
    ) -> None:
        state = self.ended(units, self.started(world, units, next(names), program).ref)
        assert (state.main_code, state.main_status) == (MainCode.EXITED, status)
        assert state.exited_at_us > 0
        assert state.main_pid == 0

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
    def test_a_death_by_signal_can_be_read_after_the_end(
        self, world: World, units: Units, names: Iterator[UnitName], number: int
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.kill_from_outside(unit.name, number)
        state = self.ended(units, unit)
        assert (state.main_code, state.main_status) == (MainCode.KILLED, number)
        assert state.exited_at_us > 0

    def test_a_second_reading_of_an_end_says_the_same(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.EXITS_3).ref
        first = self.ended(units, unit)
        assert self.state(units, unit).exit == first.exit

    def test_a_program_that_cannot_be_started_fails_the_job(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        assert self.start(world, units, unit, Program.CANNOT_START) == Success(JobResult.FAILED)
        assert self.state(units, UnitRef(unit)).activity is Activity.FAILED

    def test_a_name_is_free_again_after_a_failed_start_was_released(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        self.start(world, units, unit, Program.CANNOT_START)
        assert self.drive(units.release(UnitRef(unit))) == Success(None)
        assert self.drive(units.read(UnitRef(unit))) == Failure(NoSuchUnit(unit))
        self.started(world, units, unit, Program.RUNS)

    def test_a_loaded_name_refuses_a_second_start_and_the_first_unit_goes_on(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        state = self.started(world, units, next(names), Program.RUNS)
        again = self.start(world, units, state.ref.name, Program.RUNS)
        assert again == Failure(UnitExists(state.ref.name))
        assert self.state(units, UnitRef(state.ref.name)) == state

    @pytest.mark.parametrize("program", [Program.EXITS_0, Program.EXITS_3])
    def test_a_name_stays_taken_after_the_end_until_stop_and_release(
        self, world: World, units: Units, names: Iterator[UnitName], program: Program
    ) -> None:
        unit = self.ended(units, self.started(world, units, next(names), program).ref).ref
        assert self.start(world, units, unit.name, program) == Failure(UnitExists(unit.name))
        self.drop(units, unit)
        assert self.drive(units.read(unit)) == Failure(NoSuchUnit(unit.name))
        self.started(world, units, unit.name, program)

    def test_an_unknown_unit_is_no_such_unit_and_asking_does_not_make_one(
        self, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        assert self.drive(units.read(UnitRef(unit))) == Failure(NoSuchUnit(unit))
        assert unit not in self.drive(units.ours()).unwrap()

    def test_an_unknown_unit_can_be_neither_killed_nor_stopped_nor_adopted(
        self, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        for ref in (UnitRef(unit), UnitRef(unit, InvocationId("0123456789abcdef" * 2))):
            missing = Failure(NoSuchUnit(unit))
            assert self.drive(units.kill(ref, Whom.ALL, signal.SIGKILL)) == missing
            assert self.drive(units.stop(ref, limits.RELEASE)) == missing
            assert self.drive(units.adopt(ref)) == missing

    # -- incarnations

    def test_whatever_is_asked_of_an_older_incarnation_does_not_reach_the_new_one(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        old = self.ended(units, self.started(world, units, next(names), Program.EXITS_0).ref).ref
        self.drop(units, old)
        new = self.started(world, units, old.name, Program.RUNS)
        assert new.ref.invocation != old.invocation
        missing = Failure(NoSuchUnit(old.name))
        assert self.drive(units.read(old)) == missing
        assert self.drive(units.kill(old, Whom.ALL, signal.SIGKILL)) == missing
        assert self.drive(units.stop(old, limits.RELEASE)) == missing
        assert self.drive(units.adopt(old)) == missing
        assert self.drive(units.release(old)) == Success(None)
        assert self.state(units, new.ref) == new
        # Still referenced and heard of.
        world.kill_from_outside(new.ref.name, signal.SIGKILL)
        assert self.ended(units, new.ref).main_status == signal.SIGKILL

    # -- kill and stop

    @pytest.mark.parametrize("whom", Whom)
    def test_a_signal_reaches_the_main_process(
        self, world: World, units: Units, names: Iterator[UnitName], whom: Whom
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        assert self.drive(units.kill(unit, whom, signal.SIGKILL)) == Success(None)
        assert self.ended(units, unit).main_status == signal.SIGKILL

    def test_no_signal_cannot_be_sent(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        """kill(2) takes 0, for a look whether somebody is there; systemd does not."""
        unit = self.started(world, units, next(names), Program.RUNS).ref
        assert failed(self.drive(units.kill(unit, Whom.ALL, 0)))
        assert self.drive(units.kill(unit, Whom.ALL, signal.SIGKILL)) == Success(None)

    def test_a_unit_can_be_killed_by_its_name_alone(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        by_name = UnitRef(unit.name)
        assert self.drive(units.kill(by_name, Whom.MAIN, signal.SIGKILL)) == Success(None)
        assert self.ended(units, unit).main_status == signal.SIGKILL

    @pytest.mark.parametrize("whom", Whom)
    @pytest.mark.parametrize("program", [Program.EXITS_0, Program.EXITS_3])
    def test_a_signal_for_nobody_is_a_success(
        self,
        world: World,
        units: Units,
        names: Iterator[UnitName],
        program: Program,
        whom: Whom,
    ) -> None:
        unit = self.ended(units, self.started(world, units, next(names), program).ref).ref
        for ref in (unit, UnitRef(unit.name)):
            assert self.drive(units.kill(ref, whom, signal.SIGKILL)) == Success(None)

    def test_a_stop_ends_the_program_with_term(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref
        assert self.drive(units.stop(unit, limits.RELEASE)) == Success(JobResult.DONE)
        state = self.state(units, unit)
        assert state.main_status == signal.SIGTERM
        assert state.is_over
