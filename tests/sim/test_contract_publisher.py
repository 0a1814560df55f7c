"""The Publisher contract on the fake."""

import pytest

from domain.ports.concurrency import Concurrency
from domain.ports.publisher import Publisher
from sim.outcome import process_of
from sim.world.host import EventSink, FakePublisher, SimConcurrency
from sim.world.world import World
from tests.contracts.publisher_contract import Containerd, News, PublisherContract
from tests.sim.driving import InAWorld


class Sink:
    """containerd as the contract moves it."""

    def __init__(self, sink: EventSink) -> None:
        self._sink = sink

    @property
    def address(self) -> str:
        return self._sink.address

    def heard(self) -> list[News]:
        return [
            News(type(event), getattr(event, "process", process_of(event).owner))
            for event in self._sink.got
        ]

    async def go_away(self) -> None:
        self._sink.is_up = self._sink.world.scheduler.latch()

    async def come_back(self) -> None:
        self._sink.is_up.open()


class TestTheFake(InAWorld, PublisherContract):
    @pytest.fixture
    def sink(self, world: World) -> EventSink:
        return EventSink(world, "/run/containerd/containerd.sock.ttrpc")

    @pytest.fixture
    def publisher(self, sink: EventSink) -> Publisher:
        return FakePublisher(sink)

    @pytest.fixture
    def concurrency(self, world: World) -> Concurrency:
        return SimConcurrency(world.scheduler, "shim 1")

    @pytest.fixture
    def containerd(self, sink: EventSink) -> Containerd:
        return Sink(sink)
