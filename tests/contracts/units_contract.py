"""What every implementation of the `Units` port keeps, the fake one and the real one.

How coroutines are driven and how the world around a unit is moved belongs to the subclass, so
nothing here knows an event loop. A wait that never ends must fail in `drive`.
"""

import itertools
import signal
from collections.abc import Coroutine, Iterator
from enum import Enum, auto
from typing import Any, Protocol, TypeVar

import pytest
from returns.result import Failure, Result, Success

from domain import limits
from domain.exit_status import MainCode
from domain.identity import ContainerId, ContainerKey, Namespace, ProcessKey
from domain.outcome import failed
from domain.ports.units import Units
from domain.refusal import NoSuchUnit, UnitExists
from domain.unit import Activity, InvocationId, JobResult, UnitRef, UnitState, Whom
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


class UnitsContract:
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


def contract_unit(container: str) -> UnitName:
    """The unit of a container that only these tests have."""
    owner = ContainerKey(Namespace("contract"), ContainerId(container))
    return unit_name(ProcessKey(owner))
