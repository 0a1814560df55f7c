"""The Mounts contract on the fake."""

import pytest

from domain.ports.mounts import Mounts
from domain.request import Mount
from sim.world.disk import Disk
from sim.world.host import FakeMounts
from sim.world.world import World
from tests.contracts.mounts_contract import MountsContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, MountsContract):
    disk: Disk

    @pytest.fixture
    def mounts(self, world: World) -> Mounts:
        self.disk = Disk(world)
        return FakeMounts(self.disk)

    @pytest.fixture
    def rootfs(self) -> str:
        return "/bundle/rootfs"

    @pytest.fixture
    def layer(self) -> Mount:
        return Mount("bind", "/image", "", ("bind",))

    @pytest.fixture
    def inside(self) -> Mount:
        return Mount("bind", "/other", "inside", ("bind",))

    @pytest.fixture
    def broken(self) -> Mount:
        return Mount("bind", "/nowhere", "", ("bind",))

    def mounted(self, folder: str) -> int:
        return len(self.disk.mounted.get(folder, []))

    def is_there(self, folder: str) -> bool:
        return folder in self.disk.folders
