import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from dbus_next.constants import MessageType
from dbus_next.errors import SignatureBodyMismatchError
from dbus_next.message import Message
from returns.result import Failure

from adapters.systemd.bus import UNANSWERED_MAX, Bus, BusGone, Call, CallRefused, Signal
from domain.limits import Seconds
from domain.refusal import DeadlinePassed
from tests.adapters.systemd.private_bus import (
    PrivateBus,
    SilentListener,
    needs_bus,
    open_descriptors,
)

pytestmark = [pytest.mark.asyncio, needs_bus]

DAEMON = "org.freedesktop.DBus"
SOON = Seconds(0.3)
PATIENT = Seconds(20)


def daemon_call(member: str, signature: str = "", *body: object) -> Call:
    return Call(DAEMON, "/org/freedesktop/DBus", DAEMON, member, signature, body)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[PrivateBus]:
    with PrivateBus(tmp_path) as private:
        yield private


@pytest.fixture
def signals() -> list[Signal]:
    return []


@pytest_asyncio.fixture
async def bus(daemon: PrivateBus, signals: list[Signal]) -> AsyncIterator[Bus]:
    connected = (await Bus.connect(signals.append, PATIENT, daemon.path)).unwrap()
    yield connected
    await connected.close()


class MuteBus(Bus):
    """Somebody on the bus who never answers."""

    def _heard(self, message: Message) -> bool:
        return message.message_type is MessageType.METHOD_CALL or super()._heard(message)


TO_THE_MUTE = Call("mute.peer", "/", "mute.peer", "Anything")


@asynccontextmanager
async def mute_peer(daemon: PrivateBus) -> AsyncIterator[MuteBus]:
    peer = (await MuteBus.connect(lambda _: None, PATIENT, daemon.path)).unwrap()
    (await peer.call(daemon_call("RequestName", "su", "mute.peer", 0), PATIENT)).unwrap()
    yield peer
    await peer.close()


async def test_a_call_is_answered(bus: Bus) -> None:
    (names,) = (await bus.call(daemon_call("ListNames"), PATIENT)).unwrap()
    assert DAEMON in names


async def test_an_error_comes_with_its_name_and_text(bus: Bus) -> None:
    match await bus.call(daemon_call("GetNameOwner", "s", "no.such.name"), PATIENT):
        case Failure(CallRefused(name, text)):
            assert name == f"{DAEMON}.Error.NameHasNoOwner"
            assert "no.such.name" in text
        case other:
            pytest.fail(f"{other}")


async def test_a_burst_of_thousands_of_large_calls_is_answered_whole_and_in_order(bus: Bus) -> None:
    names = [f"n{number}.{'x' * 200}" for number in range(3000)]
    answers = await bus.call_all(
        [daemon_call("GetNameOwner", "s", name) for name in names], PATIENT
    )
    for name, answer in zip(names, answers, strict=True):
        refused = answer.failure()
        assert isinstance(refused, CallRefused)
        assert name in refused.text


async def test_a_message_larger_than_the_sockets_buffer_arrives(bus: Bus) -> None:
    answers = await bus.call_all(
        [daemon_call("GetNameOwner", "s", "y" * 2_000_000), daemon_call("GetId")], PATIENT
    )
    assert isinstance(answers[0].failure(), CallRefused)
    assert answers[1].unwrap()


async def test_a_call_that_nobody_answers_ends_with_its_deadline_and_harms_no_other(
    bus: Bus, daemon: PrivateBus
) -> None:
    passed = Failure(DeadlinePassed("answer to Anything", SOON))
    async with mute_peer(daemon):
        assert await bus.call(TO_THE_MUTE, SOON) == passed
        assert (await bus.call(daemon_call("GetId"), PATIENT)).unwrap()


async def test_what_is_answered_in_time_is_told_although_a_later_call_is_not(
    bus: Bus, daemon: PrivateBus
) -> None:
    async with mute_peer(daemon):
        first, second = await bus.call_all((daemon_call("GetId"), TO_THE_MUTE), SOON)
    assert first.unwrap()
    assert isinstance(second.failure(), DeadlinePassed)


async def test_no_more_calls_are_open_than_the_bus_allows(bus: Bus, daemon: PrivateBus) -> None:
    async with mute_peer(daemon):
        answers = await bus.call_all([TO_THE_MUTE] * 400, SOON)
        assert {type(answer.failure()) for answer in answers} == {DeadlinePassed}
        # A session bus allows more than a system bus, so what was sent is counted.
        assert bus._unanswered == UNANSWERED_MAX
    # Now the bus answers for it.
    assert (await bus.call(daemon_call("GetId"), PATIENT)).unwrap()
    assert bus._unanswered == 0


async def test_a_caller_that_gives_up_harms_no_other(bus: Bus, daemon: PrivateBus) -> None:
    async with mute_peer(daemon):
        caller = asyncio.create_task(bus.call(TO_THE_MUTE, PATIENT))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert (await bus.call(daemon_call("GetId"), PATIENT)).unwrap()


async def test_when_the_bus_dies_open_and_later_calls_end_at_once(
    bus: Bus, daemon: PrivateBus
) -> None:
    async with mute_peer(daemon):
        calls = [asyncio.create_task(bus.call(TO_THE_MUTE, PATIENT)) for _ in range(200)]
        await asyncio.sleep(0)
        daemon.kill()
        answers = await asyncio.gather(*calls)
    assert {type(answer.failure()) for answer in answers} == {BusGone}
    assert isinstance((await bus.call(daemon_call("GetId"), PATIENT)).failure(), BusGone)
    assert isinstance(await bus.wait_gone(), BusGone)
    bus.post(daemon_call("GetId"))  # is nothing, and no error


async def test_a_closed_bus_leaves_no_descriptor_open(daemon: PrivateBus) -> None:
    before = open_descriptors()
    for _ in range(20):
        bus = (await Bus.connect(lambda _: None, PATIENT, daemon.path)).unwrap()
        await bus.call(daemon_call("GetId"), PATIENT)
        await bus.close()
    assert open_descriptors() == before


async def test_a_bus_that_died_leaves_no_descriptor_open_once_closed(daemon: PrivateBus) -> None:
    before = open_descriptors()
    bus = (await Bus.connect(lambda _: None, PATIENT, daemon.path)).unwrap()
    daemon.kill()
    await bus.wait_gone()
    await bus.close()
    assert open_descriptors() < before  # the daemon's own pipe went with it


async def test_no_bus_at_all_is_said_and_leaves_no_descriptor(tmp_path: Path) -> None:
    before = open_descriptors()
    nowhere = str(tmp_path / "nowhere")
    refused = (await Bus.connect(lambda _: None, PATIENT, nowhere)).failure()
    assert isinstance(refused, BusGone)
    assert open_descriptors() == before


async def test_a_bus_that_takes_connections_and_says_nothing_ends_with_the_deadline(
    tmp_path: Path,
) -> None:
    listener = SilentListener(tmp_path)
    before = open_descriptors()
    refused = (await Bus.connect(lambda _: None, SOON, listener.path)).failure()
    assert isinstance(refused, DeadlinePassed)
    assert open_descriptors() == before
    listener.close()


async def test_a_bus_that_hangs_up_during_the_handshake_is_gone(tmp_path: Path) -> None:
    listener = SilentListener(tmp_path)
    hang_up = asyncio.get_running_loop().run_in_executor(None, listener.hang_up_on_the_next)
    refused = (await Bus.connect(lambda _: None, PATIENT, listener.path)).failure()
    assert isinstance(refused, BusGone)
    await hang_up
    listener.close()


async def test_signals_that_were_asked_for_come_in_order_with_answers(
    bus: Bus, daemon: PrivateBus, signals: list[Signal]
) -> None:
    rule = f"type='signal',sender='{DAEMON}',member='NameOwnerChanged',arg0='mute.peer'"
    bus.post(daemon_call("AddMatch", "s", rule))
    assert (await bus.call(daemon_call("GetId"), PATIENT)).unwrap()  # the rule is there
    async with mute_peer(daemon):
        # The answer follows the signal.
        assert (await bus.call(daemon_call("GetId"), PATIENT)).unwrap()
        changes = [signal for signal in signals if signal.member == "NameOwnerChanged"]
    assert [change.body[:2] for change in changes] == [["mute.peer", ""]]


async def test_a_method_call_from_others_is_refused(bus: Bus, daemon: PrivateBus) -> None:
    other = (await Bus.connect(lambda _: None, PATIENT, daemon.path)).unwrap()
    name = bus._connection.unique_name
    assert name is not None
    ping = Call(name, "/", "org.freedesktop.DBus.Peer", "Ping")
    refused = (await other.call(ping, PATIENT)).failure()
    assert isinstance(refused, CallRefused)
    assert refused.name == f"{DAEMON}.Error.UnknownMethod"
    await other.close()


async def test_a_body_that_cannot_be_sent_is_its_callers_error_alone(bus: Bus) -> None:
    with pytest.raises(SignatureBodyMismatchError):
        await bus.call(daemon_call("GetNameOwner", "s", 5), PATIENT)
    assert (await bus.call(daemon_call("GetId"), PATIENT)).unwrap()
