"""The Processes contract on the fake."""

import pytest

from domain.exit_status import MainCode
from domain.identity import Pid
from domain.ports.processes import Processes
from sim.world.host import FakeProcesses
from sim.world.kernel import SIGTERM, Program
from sim.world.world import World
from tests.contracts.processes_contract import ProcessesContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, ProcessesContract):
    simulated: World

    @pytest.fixture
    def processes(self, world: World) -> Processes:
        self.simulated = world
        return FakeProcesses(world)

    @pytest.fixture
    def cgroup(self) -> str:
        return "/system.slice/web.service/container"

    def begin(self) -> Pid:
        process = self.simulated.kernel.fork("/system.slice/web.service/container")
        process.awaited = True
        self.simulated.kernel.execute(process, Program(runs_s=None))
        return process.pid

    def end(self, pid: Pid) -> None:
        self.simulated.kernel.signal(self.simulated.kernel.processes[pid], SIGTERM)

    def reap(self, pid: Pid) -> int:
        process = self.simulated.kernel.processes[pid]
        assert process.code is MainCode.KILLED
        process.awaited = False
        return process.status
