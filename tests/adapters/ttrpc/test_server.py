"""What the server answers, on real sockets, driven by bytes."""

import logging
from pathlib import Path

import pytest

from adapters.ttrpc import Call, Code, Limits, Result, Status, undecodable_payload
from adapters.ttrpc.envelope import decode_response

from .methods import Waiting, assert_serves, services
from .raw import raw_client, raw_frame, request, serving

pytestmark = pytest.mark.asyncio


async def test_a_call_is_answered(tmp_path: Path) -> None:
    """T001, T003"""
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        await client.send(request(1, payload=b"hello"))
        assert await client.result(1) == b"hello"


async def test_a_refusal_is_answered_with_its_code_and_text(tmp_path: Path) -> None:
    """T034"""
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        await client.send(request(1, "Refuse"))
        assert await client.result(1) == Status(5, "task x: not found")


async def test_a_pending_call_delays_no_other(tmp_path: Path) -> None:
    """T005, T006"""
    waiting = Waiting()
    offered = services(Wait=waiting.method)
    async with serving(tmp_path, offered) as (_, path), raw_client(path) as client:
        await client.send(request(1, "Wait") + request(3) + request(5))
        assert {(await client.frame()).stream for _ in range(2)} == {3, 5}
        waiting.let_go.set()
        assert await client.result(1) == b""


async def test_an_unknown_service_is_unimplemented(tmp_path: Path) -> None:
    """T007"""
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        await client.send(request(1, service="no.Such"))
        assert await client.result(1) == Status(12, "service no.Such")


async def test_an_unknown_method_is_unimplemented(tmp_path: Path) -> None:
    """T008, T033"""
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        await client.send(request(1, "NoSuch"))
        assert await client.result(1) == Status(12, "method NoSuch")


async def test_an_undecodable_payload_is_the_handlers_refusal(tmp_path: Path) -> None:
    """T012"""

    async def decode(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - a method's signature
        return undecodable_payload("bad tag")

    async with (
        serving(tmp_path, services(Decode=decode)) as (_, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Decode"))
        text = "ttrpc: error unmarshalling payload: bad tag"
        assert await client.result(1) == Status(13, text)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (request(2), 3),  # T009
        (raw_frame(1, 1, b"\xff"), 3),  # T011
        (raw_frame(1, 1, bytes((4 << 20) + 1)), 8),  # T013
        (raw_frame(1, 3, b"x"), 3),  # T016
    ],
    ids=["even stream", "undecodable", "too large", "data without a stream"],
)
async def test_a_wrong_frame_is_refused_and_its_connection_stays(
    tmp_path: Path, wrong: bytes, code: int
) -> None:
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        await client.send(wrong + request(11, payload=b"x"))
        refused = decode_response((await client.frame()).data)
        assert isinstance(refused, Status)
        assert refused.code == code
        assert await client.result(11) == b"x"


async def test_a_frame_of_four_mebibytes_is_answered(tmp_path: Path) -> None:
    """T014: it goes there and, but for the response's own bytes, back."""
    payload = bytes((4 << 20) - len(request(1)) + 10 - 5)
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        whole = request(1, payload=payload)
        assert len(whole) == (4 << 20) + 10
        await client.send(whole)
        assert await client.result(1) == payload


async def test_an_answer_too_large_is_an_error_and_the_connection_stays(tmp_path: Path) -> None:
    """T035"""

    async def large(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - a method's signature
        return bytes(5 << 20)

    async with (
        serving(tmp_path, services(Large=large)) as (_, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Large"))
        result = await client.result(1)
        assert isinstance(result, Status)
        assert result.code == Code.RESOURCE_EXHAUSTED
        await client.send(request(3))
        assert await client.result(3) == b""


async def test_data_on_a_running_call_harms_no_call(tmp_path: Path) -> None:
    """T017"""
    waiting = Waiting()
    offered = services(Wait=waiting.method)
    async with serving(tmp_path, offered) as (_, path), raw_client(path) as client:
        await client.send(request(1, "Wait") + raw_frame(1, 3, b"x", 5) + request(3))
        assert await client.result(3) == b""
        waiting.let_go.set()
        assert await client.result(1) == b""


async def test_a_request_arrives_byte_by_byte(tmp_path: Path) -> None:
    """T020"""
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as client:
        whole = request(1, payload=b"slow")
        for at in range(len(whole)):
            await client.send(whole[at : at + 1])
        assert await client.result(1) == b"slow"


async def test_an_end_inside_a_request_ends_the_connection_without_effect(tmp_path: Path) -> None:
    """T021"""
    called: list[bytes] = []

    async def note(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - a method's signature
        called.append(payload)
        return b""

    async with serving(tmp_path, services(Note=note)) as (server, path):
        async with raw_client(path) as client:
            await client.send(request(1, "Note", b"whole") + request(3, "Note", b"cut")[:-1])
            await client.result(1)
            client.half_close()
            assert await client.rest() == b""
        assert called == [b"whole"]
        assert server.connection_count == 0


async def test_garbage_ends_nobody_elses_connection(tmp_path: Path) -> None:
    """T036"""
    async with serving(tmp_path, services()) as (_, path), raw_client(path) as good:
        async with raw_client(path) as bad:
            await bad.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000)
            refused = await bad.frame()
            assert refused.stream == int.from_bytes(b"/ HT")  # bytes 4 to 7 of what was sent
        await good.send(request(1))
        assert await good.result(1) == b""


async def test_an_exception_out_of_a_handler_is_code_2_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - a method's signature
        raise RuntimeError("a bug")

    async with serving(tmp_path, services(Fail=fail)) as (_, path), raw_client(path) as client:
        await client.send(request(1, "Fail") + request(3))
        frames = sorted([await client.frame(), await client.frame()], key=lambda f: f.stream)
        assert frames[0].data == b"\x0a\x09\x08\x02\x12\x05a bug"
        assert frames[1].data == b""
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info is not None


async def test_a_handler_that_answers_nonsense_fails_its_own_call(tmp_path: Path) -> None:
    async def nonsense(call: Call, payload: bytes) -> Result:  # noqa: ARG001 - a method's signature
        return None  # type: ignore[return-value]  # the bug that is contained

    async with (
        serving(tmp_path, services(Nonsense=nonsense)) as (_, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Nonsense"))
        text = "a result is bytes or a Status, not NoneType"
        assert await client.result(1) == Status(Code.UNKNOWN, text)


async def test_more_unfinished_calls_than_the_limit_are_refused(tmp_path: Path) -> None:
    waiting = Waiting()
    limits = Limits(unfinished_calls_max=2)
    async with (
        serving(tmp_path, services(Wait=waiting.method), limits) as (_, path),
        raw_client(path) as client,
    ):
        await client.send(request(1, "Wait") + request(3, "Wait") + request(5))
        refused = await client.result(5)
        assert isinstance(refused, Status)
        assert refused.code == Code.RESOURCE_EXHAUSTED
        await assert_serves(path)  # the limit is each connection's own
        waiting.let_go.set()
        assert {(await client.frame()).stream for _ in range(2)} == {1, 3}
        await client.send(request(7))
        assert await client.result(7) == b""
