"""Gets a fake's coroutine done: under the simulator's scheduler, in a world of its own."""

from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import pytest

from sim.world.world import World
from tests.contracts.drive import Drive

T = TypeVar("T")

STEPS_MAX: Final = 10_000
A_DAY_S: Final = 86_400.0


def drive_in(world: World) -> Drive:
    """Fails when the work never comes to its end."""

    def drive(work: Coroutine[Any, Any, T], /) -> T:
        task = world.scheduler.spawn("test", work, "test")
        tomorrow = world.scheduler.now + A_DAY_S
        if not world.scheduler.run_until(task.done, STEPS_MAX, tomorrow):
            pytest.fail("it waits for something that never comes")
        return task.outcome()

    return drive


class InAWorld:
    """A test class whose fakes live in one simulated world, without faults."""

    @pytest.fixture
    def world(self) -> World:
        return World.from_seed(1)

    @pytest.fixture
    def drive(self, world: World) -> Drive:
        return drive_in(world)
