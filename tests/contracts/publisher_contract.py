"""What every Publisher port does, be it the fake or the one that speaks ttrpc.

A test class gives `drive`, `publisher`, `concurrency` (of the same world) and `containerd`, which
stands for the event services: it is up at first, and says in which order it has what.
"""

from dataclasses import dataclass
from typing import Final, Protocol

import pytest

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskPaused,
    TaskResumed,
    TaskStarted,
)
from domain.exit_status import Exit, ExitStatus, Timestamp
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, Pid, ProcessKey
from domain.limits import Seconds
from domain.ports.concurrency import Concurrency
from domain.ports.publisher import Publisher
from domain.request import Mount, Stdio
from tests.contracts.drive import Drive

SOON: Final = Seconds(0.05)
LATE: Final = Seconds(60)

WEB: Final = ContainerKey(Namespace("k8s.io"), ContainerId("web"))
EXEC: Final = ProcessKey(WEB, ExecId("e-1"))
END: Final = Exit(ExitStatus(137), Timestamp(1_795_527_840_123_456_789))
LIFE: Final[tuple[TaskEvent, ...]] = (
    TaskCreated(
        WEB,
        "/run/bundle",
        (Mount("overlay", "overlay", "", ("lowerdir=/a",)),),
        Stdio("/in", "/out", "/err", terminal=False),
        "/checkpoint",
        Pid(7),
    ),
    TaskStarted(WEB, Pid(7)),
    ExecAdded(EXEC),
    ExecStarted(EXEC, Pid(8)),
    TaskPaused(WEB),
    TaskResumed(WEB),
    TaskExited(EXEC, Pid(8), END),
    TaskExited(ProcessKey(WEB), Pid(7), END),
    TaskDeleted(WEB, Pid(7), END),
)


@dataclass(frozen=True, slots=True)
class News:
    """What containerd has heard: what happened to whom."""

    kind: type[TaskEvent]
    subject: ProcessKey | ContainerKey


class Containerd(Protocol):
    """One containerd's event service. The coroutines are for `drive`."""

    @property
    def address(self) -> str: ...

    def heard(self) -> list[News]: ...

    async def go_away(self) -> None: ...

    async def come_back(self) -> None: ...


class PublisherContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def publisher(self) -> Publisher:
        raise NotImplementedError

    @pytest.fixture
    def concurrency(self) -> Concurrency:
        raise NotImplementedError

    @pytest.fixture
    def containerd(self) -> Containerd:
        raise NotImplementedError

    def test_a_published_event_has_arrived(
        self, drive: Drive, publisher: Publisher, containerd: Containerd
    ) -> None:
        drive(publisher.publish(containerd.address, TaskStarted(WEB, Pid(7))))
        assert containerd.heard() == [News(TaskStarted, WEB)]

    def test_the_events_of_a_life_arrive_once_each_in_the_order_of_their_calls(
        self, drive: Drive, publisher: Publisher, containerd: Containerd
    ) -> None:
        async def life() -> None:
            for event in LIFE:
                await publisher.publish(containerd.address, event)

        drive(life())
        assert containerd.heard() == [
            News(TaskCreated, WEB),
            News(TaskStarted, WEB),
            News(ExecAdded, EXEC),
            News(ExecStarted, EXEC),
            News(TaskPaused, WEB),
            News(TaskResumed, WEB),
            News(TaskExited, EXEC),
            News(TaskExited, ProcessKey(WEB)),
            News(TaskDeleted, WEB),
        ]

    @pytest.mark.parametrize("event", LIFE, ids=lambda event: type(event).__name__)
    def test_an_event_waits_for_a_containerd_that_is_away(
        self,
        drive: Drive,
        publisher: Publisher,
        concurrency: Concurrency,
        containerd: Containerd,
        event: TaskEvent,
    ) -> None:
        async def life() -> tuple[bool, bool]:
            await containerd.go_away()
            work = concurrency.spawn("publish", publisher.publish(containerd.address, event))
            early = await concurrency.first_of((work.done,), SOON)
            await containerd.come_back()
            late = await concurrency.first_of((work.done,), LATE)
            work.outcome()
            return early is None, late is work.done

        assert drive(life()) == (True, True)
        assert [news.kind for news in containerd.heard()] == [type(event)]

    def test_a_containerd_that_was_away_in_between_is_told_the_rest(
        self, drive: Drive, publisher: Publisher, containerd: Containerd
    ) -> None:
        async def life() -> None:
            await publisher.publish(containerd.address, LIFE[0])
            await containerd.go_away()
            await containerd.come_back()
            await publisher.publish(containerd.address, LIFE[1])

        drive(life())
        assert containerd.heard() == [News(TaskCreated, WEB), News(TaskStarted, WEB)]

    def test_all_who_waited_for_containerd_are_heard_when_it_is_back(
        self,
        drive: Drive,
        publisher: Publisher,
        concurrency: Concurrency,
        containerd: Containerd,
    ) -> None:
        other = ContainerKey(Namespace("default"), ContainerId("other"))

        async def life() -> None:
            await containerd.go_away()
            works = [
                concurrency.spawn("publish", publisher.publish(containerd.address, event))
                for event in (TaskStarted(WEB, Pid(7)), TaskStarted(other, Pid(9)))
            ]
            await concurrency.first_of((), SOON)
            await containerd.come_back()
            for work in works:
                await concurrency.first_of((work.done,), LATE)
                work.outcome()

        drive(life())
        assert {news.subject for news in containerd.heard()} == {WEB, other}

    def test_without_an_address_there_is_nobody_to_wait_for(
        self, drive: Drive, publisher: Publisher, containerd: Containerd
    ) -> None:
        drive(publisher.publish("", TaskStarted(WEB, Pid(7))))
        assert containerd.heard() == []
