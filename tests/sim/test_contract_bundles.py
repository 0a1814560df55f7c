"""The Bundles contract on the fake."""

import pytest

from domain import bundle_files
from domain.identity import ExecId
from domain.ports.bundles import Bundles
from sim.world.disk import Bundle, Disk, FakeBundles
from sim.world.world import World
from tests.contracts.bundles_contract import CONFIG, BundlesContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, BundlesContract):
    disk: Disk

    @pytest.fixture
    def bundles(self, world: World) -> Bundles:
        self.disk = Disk(world)
        return FakeBundles(self.disk)

    @pytest.fixture
    def bundle(self, bundles: Bundles) -> str:  # noqa: ARG002 (they make the disk)
        self.disk.bundles["/bundle"] = Bundle.of(CONFIG)
        return "/bundle"

    @pytest.fixture
    def missing_bundle(self) -> str:
        return "/nowhere"

    def wrote_pid(self, bundle: str, exec_id: ExecId | None, pid: int) -> None:
        self.disk.write(bundle_files.pid_file(bundle, exec_id), str(pid))

    def text_of(self, bundle: str, path: str) -> str | None:  # noqa: ARG002
        return self.disk.file(path)
