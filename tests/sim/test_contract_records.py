"""The Records contract on the fake."""

import pytest

from domain.ports.records import Records
from sim.world.disk import Disk, FakeRecords
from sim.world.world import World
from tests.contracts.records_contract import RecordsContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, RecordsContract):
    disk: Disk

    @pytest.fixture
    def records(self, world: World) -> Records:
        self.disk = Disk(world)
        return FakeRecords(self.disk)

    def reopened(self, records: Records) -> Records:  # noqa: ARG002 (the disk stays)
        return FakeRecords(self.disk)
