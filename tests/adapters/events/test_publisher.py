"""The publisher over ttrpc: the contract, and what a real connection can do."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.clock import SystemClock
from adapters.concurrency import AsyncioConcurrency
from adapters.events.publisher import JUDGEMENTS_MAX, TtrpcPublisher
from adapters.events.upstream import METHOD, SERVICE
from adapters.ttrpc import Code, Server, Status, listen
from domain.event import ExecAdded, TaskEvent, TaskPaused, TaskResumed, TaskStarted
from domain.identity import ContainerId, ContainerKey, Namespace, Pid
from domain.ports.concurrency import Concurrency
from tests.adapters.events.event_service import EventService
from tests.contracts.drive import Drive
from tests.contracts.publisher_contract import LIFE, WEB, Containerd, PublisherContract

STARTED = TaskStarted(WEB, Pid(7))
LIMIT_SECONDS = 30


class TestOverTtrpc(PublisherContract):
    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def publisher(self, drive: Drive) -> Iterator[TtrpcPublisher]:
        publisher = TtrpcPublisher(SystemClock())
        yield publisher
        drive(_close(publisher))

    @pytest.fixture
    def concurrency(self) -> Concurrency:
        return AsyncioConcurrency()

    @pytest.fixture
    def containerd(self, drive: Drive, tmp_path: Path) -> Iterator[Containerd]:
        service = EventService(str(tmp_path / "containerd.sock.ttrpc"))
        drive(service.come_back())
        yield service
        drive(service.go_away())


async def _close(publisher: TtrpcPublisher) -> None:
    publisher.close()


@pytest_asyncio.fixture
async def service(tmp_path: Path) -> AsyncIterator[EventService]:
    service = EventService(str(tmp_path / "containerd.sock.ttrpc"))
    await service.come_back()
    yield service
    await service.go_away()


@pytest_asyncio.fixture
async def publisher() -> AsyncIterator[TtrpcPublisher]:
    publisher = TtrpcPublisher(SystemClock(), attempt_seconds=0.05)
    yield publisher
    publisher.close()


@pytest.mark.asyncio
class TestOnTheWire:
    async def test_the_namespace_goes_along_as_metadata_too(
        self, publisher: TtrpcPublisher, service: EventService
    ) -> None:
        await publisher.publish(service.address, STARTED)
        assert service.metadata == [(("containerd-namespace-ttrpc", "k8s.io"),)]
        assert service.envelopes[0].envelope.namespace == "k8s.io"

    async def test_an_address_may_be_a_url(
        self, publisher: TtrpcPublisher, service: EventService
    ) -> None:
        await publisher.publish(f"unix://{service.address}", STARTED)
        assert len(service.heard()) == 1

    @pytest.mark.parametrize("code", [Code.UNKNOWN, Code.UNAVAILABLE, Code.INTERNAL, 99])
    async def test_a_containerd_in_trouble_is_asked_until_it_takes_the_event(
        self, publisher: TtrpcPublisher, service: EventService, code: int
    ) -> None:
        service.answers.extend([Status(code, "in trouble")] * 3)
        await publisher.publish(service.address, STARTED)
        assert service.calls == 4
        assert len(service.heard()) == 1

    @pytest.mark.parametrize("code", [Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED])
    async def test_an_event_that_containerd_does_not_want_is_given_up_and_said(
        self,
        publisher: TtrpcPublisher,
        service: EventService,
        caplog: pytest.LogCaptureFixture,
        code: int,
    ) -> None:
        service.answers.extend([Status(code, "never heard of it")] * JUDGEMENTS_MAX)
        await publisher.publish(service.address, STARTED)
        assert service.calls == JUDGEMENTS_MAX
        assert "never heard of it" in caplog.text
        await publisher.publish(service.address, STARTED)
        assert len(service.heard()) == 1

    async def test_a_containerd_that_comes_up_without_its_services_gets_the_event_in_the_end(
        self, publisher: TtrpcPublisher, service: EventService
    ) -> None:
        service.answers.extend([Status(Code.UNIMPLEMENTED, "service")] * (JUDGEMENTS_MAX - 1))
        await publisher.publish(service.address, STARTED)
        assert len(service.heard()) == 1

    async def test_one_connection_serves_all_events_of_a_containerd(
        self, publisher: TtrpcPublisher, service: EventService
    ) -> None:
        await asyncio.gather(*(publisher.publish(service.address, event) for event in LIFE))
        assert service._server is not None
        assert service._server.connection_count == 1

    async def test_two_containerds_do_not_wait_for_each_other(
        self, publisher: TtrpcPublisher, service: EventService, tmp_path: Path
    ) -> None:
        absent = asyncio.create_task(publisher.publish(str(tmp_path / "absent"), STARTED))
        async with asyncio.timeout(LIMIT_SECONDS):
            await publisher.publish(service.address, STARTED)
        assert not absent.done()
        absent.cancel()
        await asyncio.wait({absent})

    async def test_a_stuck_containerd_gets_the_event_when_it_goes_on(
        self, publisher: TtrpcPublisher, tmp_path: Path
    ) -> None:
        """Stuck: it listens, and reads nothing until it goes on."""
        service = EventService(str(tmp_path / "stuck"))
        stuck = listen(service.address)
        publishing = asyncio.create_task(publisher.publish(service.address, STARTED))
        await asyncio.wait({publishing}, timeout=0.5)
        assert not publishing.done()
        server = Server({SERVICE: {METHOD: service._forward}})
        server.add_listener(stuck, "events")
        async with asyncio.timeout(LIMIT_SECONDS):
            await publishing
        assert {news.kind for news in service.heard()} == {TaskStarted}
        await server.close(0)

    async def test_a_connection_that_is_lost_again_and_again_is_made_again(
        self, publisher: TtrpcPublisher, tmp_path: Path
    ) -> None:
        address = str(tmp_path / "picky")
        sock = listen(address)
        sock.setblocking(False)
        publishing = asyncio.create_task(publisher.publish(address, STARTED))
        for _ in range(3):
            accepted, _peer = await asyncio.get_running_loop().sock_accept(sock)
            accepted.close()
        service = EventService(address)
        server = Server({SERVICE: {METHOD: service._forward}})
        server.add_listener(sock, "events")
        async with asyncio.timeout(LIMIT_SECONDS):
            await publishing
        assert len(service.heard()) == 1
        await server.close(0)


@pytest.mark.asyncio
class TestTheBound:
    @pytest_asyncio.fixture
    async def publisher(self) -> AsyncIterator[TtrpcPublisher]:
        publisher = TtrpcPublisher(SystemClock(), waiting_max=3)
        yield publisher
        publisher.close()

    @pytest.mark.parametrize("event", LIFE, ids=lambda event: type(event).__name__)
    async def test_when_too_much_waits_only_what_informs_is_dropped_and_said(
        self,
        publisher: TtrpcPublisher,
        service: EventService,
        caplog: pytest.LogCaptureFixture,
        event: TaskEvent,
    ) -> None:
        caplog.set_level(logging.INFO)
        await service.go_away()
        waiting = [
            asyncio.create_task(publisher.publish(service.address, TaskStarted(_other(n), Pid(7))))
            for n in range(3)
        ]
        await asyncio.sleep(0)
        last = asyncio.create_task(publisher.publish(service.address, event))
        await asyncio.wait({last}, timeout=0.05)
        is_informative = isinstance(event, TaskPaused | TaskResumed | ExecAdded)
        assert last.done() is is_informative
        assert ("is dropped" in caplog.text) is is_informative
        await service.come_back()
        await asyncio.gather(*waiting, last)
        assert len(service.heard()) == 3 + (not is_informative)

    async def test_once_containerd_is_back_everything_is_told_again(
        self, publisher: TtrpcPublisher, service: EventService
    ) -> None:
        await service.go_away()
        waiting = [
            asyncio.create_task(publisher.publish(service.address, TaskStarted(_other(n), Pid(7))))
            for n in range(3)
        ]
        await asyncio.sleep(0)
        await service.come_back()
        await asyncio.gather(*waiting)
        await publisher.publish(service.address, TaskPaused(WEB))
        assert service.heard()[-1].kind is TaskPaused


def _other(number: int) -> ContainerKey:
    return ContainerKey(Namespace("default"), ContainerId(f"other-{number}"))
