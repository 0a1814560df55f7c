"""The contract on the real systemd of this machine, and what only a real one can show.

Needs root and systemd as PID 1, which the lab's machines have.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from returns.result import Success

from adapters.systemd.tracking import RULES_MAX
from adapters.systemd.units import SystemdUnits
from domain import limits
from domain.outcome import failed
from domain.ports.units import Units
from domain.unit import Activity, JobResult, UnitRef, UnitState
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName
from tests.contracts.units_contract import UnitsContract
from tests.contracts.units_stage import Program, Upheaval, World, contract_unit

T = TypeVar("T")

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        os.geteuid() != 0 or not Path("/run/systemd/system").is_dir(),
        reason="needs root on a machine that runs systemd",
    ),
]

# With Type=exec the job of a program that ends at once can fail: its end may be seen before its
# start. With Type=simple it cannot, and a program that is not there is no failure.
_PROGRAMS: Final = {
    Program.EXITS_0: ("simple", ("/bin/sh", "-c", "exit 0")),
    Program.EXITS_3: ("simple", ("/bin/sh", "-c", "exit 3")),
    Program.RUNS: ("exec", ("/bin/sleep", "1000")),
    Program.CANNOT_START: ("exec", ("/nowhere/to/be/found",)),
}
# No wait of the contract is longer; a hint that never comes must not hang the suite.
_PATIENCE_S: Final = 30


class RealWorld:
    """Units of this machine's systemd; whatever a test leaves is removed after it."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._daemons: list[SystemdUnits] = []
        self._units: set[UnitName] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(asyncio.wait_for(work, _PATIENCE_S))

    def definition(self, unit: UnitName, program: Program) -> UnitDefinition:
        self._units.add(unit)
        kind, argv = _PROGRAMS[program]
        return _definition(unit, kind, argv)

    def kill_from_outside(self, unit: UnitName, number: int) -> None:
        os.kill(int(_show(unit, "MainPID")), number)

    def administrator_stops(self, unit: UnitName) -> None:
        _systemctl("stop", unit)

    def befalls(self, upheaval: Upheaval) -> None:
        _systemctl(*upheaval.value)

    def lose_the_bus(self) -> None:
        for daemon in self._daemons:
            bus = daemon._link.bus
            assert bus is not None
            bus._connection._sock.shutdown(2)  # the other side has closed it, as we see it

    def another_daemon(self) -> SystemdUnits:
        daemon = SystemdUnits()
        self._daemons.append(daemon)
        self.run(daemon.__aenter__())
        return daemon

    def daemon_dies(self, units: Units) -> None:
        assert isinstance(units, SystemdUnits)
        self._daemons.remove(units)
        self.run(units.__aexit__())

    def close(self) -> None:
        for daemon in self._daemons:
            self.run(daemon.__aexit__())
        self._runner.close()
        for unit in self._units:
            _systemctl("stop", unit)
            _systemctl("reset-failed", unit)


class TestTheRealOne(UnitsContract):
    @pytest.fixture(autouse=True)
    def world(self) -> Iterator[World]:
        self._world = RealWorld()
        yield self._world
        self._world.close()

    def drive(self, work: Coroutine[Any, Any, T]) -> T:
        return self._world.run(work)

    @pytest.fixture
    def units(self, world: World) -> Units:
        return world.another_daemon()

    def test_a_name_that_an_administrator_starts_again_is_read_as_it_is_now(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        before = self.started(world, units, next(names), Program.RUNS).ref
        _systemctl("restart", before.name)
        now = self.state(units, UnitRef(before.name))
        assert now.ref.invocation not in {None, before.invocation}
        assert not now.is_over
        self.drop(units, now.ref)

    def test_a_start_job_is_waited_for_although_the_bus_is_lost_meanwhile(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        world.definition(unit, Program.RUNS)  # so that it is removed afterwards
        started = self.drive(_slow_start(units, unit, world.lose_the_bus))
        assert started == Success(JobResult.DONE)
        self.drop(units, UnitRef(unit))

    def test_f54_a_reading_waits_for_a_systemd_that_executes_itself_anew(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = self.started(world, units, next(names), Program.RUNS).ref

        async def read_meanwhile() -> list[UnitState]:
            reexec = await asyncio.create_subprocess_exec("systemctl", "daemon-reexec")
            over = asyncio.create_task(reexec.wait())
            seen = []
            while not over.done():
                seen.append((await units.read(unit)).unwrap())
            seen.append((await units.read(unit)).unwrap())
            return seen

        assert {state.ref for state in self.drive(read_meanwhile())} == {unit}
        self.drop(units, unit)

    def test_f50_a_unit_whose_start_job_is_canceled_comes_up_all_the_same(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        unit = next(names)
        world.definition(unit, Program.RUNS)  # so that it is removed afterwards

        def cancel() -> None:
            _systemctl("cancel", _show(unit, "Job"))

        started = self.drive(_slow_start(units, unit, cancel))
        assert started == Success(JobResult.CANCELED)
        assert self.state(units, UnitRef(unit)).activity is Activity.STARTING
        state = self.ended(units, UnitRef(unit))
        while state.activity is Activity.STARTING:  # its end is news before its start is over
            self.drive(units.hint())
            state = self.state(units, UnitRef(unit))
        assert (state.activity, state.main_status) == (Activity.ACTIVE, 0)
        self.drop(units, UnitRef(unit))

    def test_two_hundred_units_at_once_all_end_with_their_own_status(
        self, world: World, units: Units
    ) -> None:
        names = [contract_unit(f"many-{number}") for number in range(200)]
        definitions = [world.definition(unit, Program.EXITS_3) for unit in names]

        async def live() -> dict[UnitName, int]:
            starts = [units.start(each, limits.START_ANSWER) for each in definitions]
            assert set(await asyncio.gather(*starts)) == {Success(JobResult.DONE)}
            ends: dict[UnitName, int] = {}
            while len(ends) < len(names):
                hint = await units.hint()
                assert hint is not None
                state = (await units.read(UnitRef(hint))).unwrap()
                if state.exit is not None:
                    ends[hint] = state.exit.status
            stops = [units.stop(UnitRef(unit), limits.RELEASE) for unit in names]
            assert set(await asyncio.gather(*stops)) == {Success(JobResult.DONE)}
            releases = [units.release(UnitRef(unit)) for unit in names]
            assert set(await asyncio.gather(*releases)) == {Success(None)}
            return ends

        assert self.drive(live()) == dict.fromkeys(names, 3)
        assert not set(names) & set(self.drive(units.ours()).unwrap())

    def test_nothing_is_kept_of_released_units(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        for by_name in (True, False):
            unit = self.started(world, units, next(names), Program.RUNS).ref
            self.drop(units, UnitRef(unit.name) if by_name else unit)
        assert isinstance(units, SystemdUnits)
        assert not list(units._tracking)
        assert (units._tracking._rules, units._tracking._sharing) == (0, 0)

    def test_more_units_than_the_bus_allows_rules_are_all_heard_of(
        self, world: World, units: Units, names: Iterator[UnitName]
    ) -> None:
        assert isinstance(units, SystemdUnits)
        units._tracking._rules = RULES_MAX  # as if that many had been started
        unit = self.started(world, units, next(names), Program.RUNS).ref
        world.kill_from_outside(unit.name, signal.SIGKILL)
        assert self.ended(units, unit).main_status == signal.SIGKILL
        self.drop(units, unit)
        assert units._tracking._sharing == 0


async def _slow_start(units: Units, unit: UnitName, meanwhile: Callable[[], None]) -> Any:
    """The end of a start job that takes a second; `meanwhile` happens when it has begun."""
    slow = _definition(unit, "oneshot", ("/bin/sleep", "1"))
    async with asyncio.TaskGroup() as both:
        start = both.create_task(units.start(slow, limits.START_ANSWER))
        while failed(await units.read(UnitRef(unit))):
            pass
        meanwhile()
    return start.result()


def _definition(unit: UnitName, kind: str, argv: tuple[str, ...]) -> UnitDefinition:
    return UnitDefinition(unit, argv, {"Type": kind, "RemainAfterExit": True, "KillMode": "mixed"})


def _systemctl(*arguments: str) -> None:
    subprocess.run(["systemctl", *arguments], check=False, capture_output=True)


def _show(unit: UnitName, field: str) -> str:
    shown = subprocess.run(
        ["systemctl", "show", "--value", f"--property={field}", unit],
        check=True,
        capture_output=True,
        text=True,
    )
    return shown.stdout.strip()
