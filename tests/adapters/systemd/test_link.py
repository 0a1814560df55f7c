import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from returns.result import Failure, Success

from adapters.systemd.bus import Bus, Call
from adapters.systemd.link import Link
from adapters.systemd.units import SystemdUnits
from domain.limits import Seconds
from domain.refusal import NoSuchUnit, SystemdAway
from domain.unit import UnitRef, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName
from tests.adapters.systemd.private_bus import PrivateBus, needs_bus, open_descriptors

pytestmark = [pytest.mark.asyncio, needs_bus]

PATIENT = Seconds(20)
SOON = Seconds(0.2)
GET_ID = Call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[PrivateBus]:
    with PrivateBus(tmp_path) as private:
        yield private


async def is_fit(_: Bus) -> bool:
    return True


async def test_a_bus_that_comes_back_is_connected_to_again(daemon: PrivateBus) -> None:
    prepared: list[Bus] = []

    async def prepare(bus: Bus) -> bool:
        prepared.append(bus)
        return True

    async with Link(lambda _: None, prepare, daemon.path) as link:
        first = (await link.up(PATIENT)).unwrap()
        daemon.kill()
        await first.wait_gone()
        daemon.start()
        second = (await link.up(PATIENT)).unwrap()
        assert (await second.call(GET_ID, PATIENT)).unwrap()
    assert prepared == [first, second]
    assert second.is_gone


async def test_nobody_gets_a_connection_that_is_not_prepared_yet(daemon: PrivateBus) -> None:
    may_go_on = asyncio.Event()

    async def prepare(_: Bus) -> bool:
        await may_go_on.wait()
        return True

    async with Link(lambda _: None, prepare, daemon.path, SOON) as link:
        assert isinstance((await link.up(PATIENT)).failure(), SystemdAway)
        assert link.bus is None
        may_go_on.set()
        assert isinstance(await link.up(PATIENT), Success)


async def test_a_connection_that_is_not_fit_is_closed_and_another_one_made(
    daemon: PrivateBus,
) -> None:
    unfit: list[Bus] = []

    async def prepare(bus: Bus) -> bool:
        unfit.append(bus)
        return len(unfit) > 1

    async with Link(lambda _: None, prepare, daemon.path) as link:
        bus = (await link.up(PATIENT)).unwrap()
        assert unfit[0].is_gone
        assert unfit[1] is bus


async def test_a_link_that_ends_leaves_nothing_open(daemon: PrivateBus) -> None:
    before = open_descriptors()
    async with Link(lambda _: None, is_fit, daemon.path) as link:
        await link.up(PATIENT)
    assert open_descriptors() == before


async def test_without_a_bus_every_question_ends_with_systemd_away(tmp_path: Path) -> None:
    unit = UnitRef(UnitName("io-containerd-systemd-default-a-init.service"))
    nothing = UnitDefinition(unit.name, ("true",), {})
    async with SystemdUnits(str(tmp_path / "nowhere"), SOON) as units:
        answers = await asyncio.gather(
            units.start(nothing, PATIENT),
            units.read(unit),
            units.kill(unit, Whom.ALL, 9),
            units.stop(unit, PATIENT),
            units.release(unit),
            units.adopt(unit),
            units.ours(),
        )
    assert {type(answer.failure()) for answer in answers} == {SystemdAway}


async def test_a_bus_without_systemd_is_no_use(daemon: PrivateBus) -> None:
    unit = UnitRef(UnitName("io-containerd-systemd-default-a-init.service"))
    async with SystemdUnits(daemon.path, SOON) as units:
        answer = await units.read(unit)
    assert answer != Failure(NoSuchUnit(unit.name))
    assert isinstance(answer.failure(), SystemdAway)
