"""The Concurrency contract on the scheduler."""

import pytest

from domain.ports.concurrency import Concurrency
from sim.world.host import SimConcurrency
from sim.world.world import World
from tests.contracts.concurrency_contract import ConcurrencyContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, ConcurrencyContract):
    @pytest.fixture
    def concurrency(self, world: World) -> Concurrency:
        return SimConcurrency(world.scheduler, "shim 1")
