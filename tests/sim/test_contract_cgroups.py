"""The Cgroups contract on the fake."""

import pytest

from domain.ports.cgroups import Cgroups
from sim.world.host import FakeCgroups
from sim.world.world import World
from tests.contracts.cgroups_contract import CgroupsContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, CgroupsContract):
    simulated: World

    @pytest.fixture
    def cgroups(self, world: World) -> Cgroups:
        self.simulated = world
        return FakeCgroups(world)

    @pytest.fixture
    def outer(self) -> str:
        return "/system.slice/web.service"

    @pytest.fixture
    def inner(self) -> str:
        return "/system.slice/web.service/container"

    def freeze(self, cgroup: str) -> None:
        self.simulated.kernel.freeze(cgroup)

    def is_frozen(self, cgroup: str) -> bool:
        return self.simulated.kernel.is_frozen(cgroup)
