"""Each row of the Go server's table of reactions, and where this server is better."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ttrpc import Code, Result, Status
from adapters.ttrpc.codec import Decoder, EndInsideFrame
from adapters.ttrpc.envelope import Request, decode_response, encode_request
from adapters.ttrpc.frame import DATA_BYTES_MAX, Frame, Kind, StreamId
from adapters.ttrpc.server_protocol import Opened, Reply, ServerProtocol, Step
from adapters.ttrpc.status import (
    DEADLINE_EXCEEDED,
    EVEN_STREAM,
    STREAM_INACTIVE,
    STREAM_REUSED,
)

from .raw import frame_header, raw_frame, request


def opened(stream: int, method: str = "Echo", payload: bytes = b"") -> Opened:
    return Opened(StreamId(stream), Request("test.Service", method, payload))


def refusals(steps: list[Step]) -> list[tuple[int, Result]]:
    """Stream and outcome of each step, all of which must be replies of one whole frame."""
    found = []
    for step in steps:
        assert isinstance(step, Reply)
        (frame,) = Decoder().feed(step.data)
        assert isinstance(frame, Frame)
        assert (frame.kind, frame.flags) == (Kind.RESPONSE, 0)
        found.append((int(frame.stream), decode_response(frame.data)))
    return found


def assert_still_usable(protocol: ServerProtocol, stream: int = 1001) -> None:
    assert protocol.receive(request(stream)) == [opened(stream)]


def test_a_request_opens_its_stream_and_the_answer_is_one_frame_on_it() -> None:
    """T001"""
    protocol = ServerProtocol()
    assert protocol.receive(request(1, payload=b"x")) == [opened(1, payload=b"x")]
    assert protocol.answer(StreamId(1), b"y") == raw_frame(1, 2, b"\x12\x01y")


def test_an_empty_answer_is_a_frame_without_data() -> None:
    """T004"""
    protocol = ServerProtocol()
    protocol.receive(request(1))
    assert protocol.answer(StreamId(1), b"") == bytes.fromhex("00000000 00000001 02 00")


def test_a_stream_is_answered_once() -> None:
    """T006"""
    protocol = ServerProtocol()
    protocol.receive(request(1))
    assert protocol.answer(StreamId(1), b"")
    assert protocol.answer(StreamId(1), b"") == b""


def test_streams_are_answered_in_any_order() -> None:
    """T006"""
    protocol = ServerProtocol()
    protocol.receive(request(1) + request(3) + request(5))
    answers = [protocol.answer(StreamId(stream), b"") for stream in (5, 1, 3)]
    assert answers == [raw_frame(stream, 2, b"") for stream in (5, 1, 3)]


def test_data_above_four_mebibytes_is_skipped_and_refused_on_its_stream() -> None:
    """T013"""
    protocol = ServerProtocol()
    steps = protocol.receive(frame_header(DATA_BYTES_MAX + 1, 1) + bytes(DATA_BYTES_MAX + 1))
    text = "message length 4194305 exceed maximum message size of 4194304"
    assert refusals(steps) == [(1, Status(8, text))]
    assert_still_usable(protocol)


def test_data_of_exactly_four_mebibytes_is_a_request() -> None:
    """T014"""
    protocol = ServerProtocol()
    padding = DATA_BYTES_MAX - len(encode_request(Request("test.Service", "Echo", b""))) - 5
    whole = request(1, payload=bytes(padding))
    assert len(whole) == 10 + 4194304
    assert protocol.receive(whole) == [opened(1, payload=bytes(padding))]


@pytest.mark.parametrize("stream", [0, 2, 2**32 - 2])
@pytest.mark.parametrize("kind", [Kind.REQUEST, Kind.DATA])
def test_an_even_stream_is_refused(stream: int, kind: Kind) -> None:
    """T009"""
    protocol = ServerProtocol()
    steps = protocol.receive(raw_frame(stream, kind, b""))
    assert refusals(steps) == [(stream, EVEN_STREAM)]
    assert_still_usable(protocol)


@pytest.mark.parametrize("stream", [3, 5])
def test_a_stream_not_above_the_last_is_refused(stream: int) -> None:
    """T010"""
    protocol = ServerProtocol()
    protocol.receive(request(5))
    assert refusals(protocol.receive(request(stream))) == [(stream, STREAM_REUSED)]
    assert_still_usable(protocol)


def test_a_stream_may_leave_others_out() -> None:
    """T010: only rising is asked for."""
    protocol = ServerProtocol()
    assert protocol.receive(request(1) + request(4001)) == [opened(1), opened(4001)]


def test_an_undecodable_request_is_refused_and_uses_its_stream_up() -> None:
    """T011"""
    protocol = ServerProtocol()
    ((stream, result),) = refusals(protocol.receive(raw_frame(7, 1, b"\xff\xff")))
    assert stream == 7
    assert isinstance(result, Status)
    assert result.code == Code.INVALID_ARGUMENT
    assert result.message.startswith("unmarshal request error: ")
    assert refusals(protocol.receive(request(7))) == [(7, STREAM_REUSED)]
    assert_still_usable(protocol)


def test_a_service_name_that_is_not_utf8_is_undecodable() -> None:
    """T011"""
    ((_, result),) = refusals(ServerProtocol().receive(raw_frame(1, 1, b"\x0a\x01\xff")))
    assert isinstance(result, Status)
    assert result.code == Code.INVALID_ARGUMENT


@pytest.mark.parametrize("kind", [0, 2, 4, 255])
def test_a_frame_of_another_kind_is_ignored(kind: int) -> None:
    """T015: also a response, and also on an even stream."""
    protocol = ServerProtocol()
    assert protocol.receive(raw_frame(9, kind, b"x") + raw_frame(8, kind, b"x")) == []
    assert_still_usable(protocol, stream=1)


def test_data_on_an_unknown_stream_is_refused() -> None:
    """T016"""
    protocol = ServerProtocol()
    assert refusals(protocol.receive(raw_frame(5, 3, b"x"))) == [(5, STREAM_INACTIVE)]
    assert_still_usable(protocol, stream=1)


def test_data_on_an_answered_stream_is_refused() -> None:
    """T016"""
    protocol = ServerProtocol()
    protocol.receive(request(5))
    protocol.answer(StreamId(5), b"")
    assert refusals(protocol.receive(raw_frame(5, 3, b"x"))) == [(5, STREAM_INACTIVE)]


@pytest.mark.parametrize("flags", [0, 1, 4, 5, 255])
def test_data_on_a_running_call_changes_nothing_for_it(flags: int) -> None:
    """T017"""
    protocol = ServerProtocol()
    protocol.receive(request(5))
    assert protocol.receive(raw_frame(5, 3, b"x", flags)) == []
    assert protocol.answer(StreamId(5), b"") == raw_frame(5, 2, b"")


@pytest.mark.parametrize("flags", [1, 2, 4, 0xF8, 0xFF])
def test_flags_on_a_request_are_ignored(flags: int) -> None:
    """T018"""
    data = encode_request(Request("test.Service", "Echo", b""))
    assert ServerProtocol().receive(raw_frame(1, 1, data, flags)) == [opened(1)]


def test_a_request_whose_time_is_over_never_runs() -> None:
    """T023"""
    protocol = ServerProtocol()
    steps = protocol.receive(request(1, timeout_nanoseconds=-1))
    assert refusals(steps) == [(1, DEADLINE_EXCEEDED)]
    assert_still_usable(protocol)


def test_metadata_may_repeat_and_mean_nothing() -> None:
    """T028"""
    metadata = (("containerd-namespace-ttrpc", "a"), ("x", ""), ("x", "2"), ("", ""))
    (step,) = ServerProtocol().receive(request(1, metadata=metadata))
    assert isinstance(step, Opened)
    assert step.request.metadata == metadata


def test_an_answer_too_large_becomes_an_error_of_code_8() -> None:
    """T035"""
    protocol = ServerProtocol()
    protocol.receive(request(1))
    steps: list[Step] = [Reply(protocol.answer(StreamId(1), bytes(DATA_BYTES_MAX)))]
    text = "message length 4194309 exceed maximum message size of 4194304"
    assert refusals(steps) == [(1, Status(8, text))]


def test_an_end_inside_a_request_leaves_it_without_effect() -> None:
    """T021"""
    protocol = ServerProtocol()
    assert protocol.receive(request(1)[:-1]) == []
    assert protocol.end() == EndInsideFrame(1)


def test_after_the_end_no_answer_is_sent() -> None:
    """T024"""
    protocol = ServerProtocol()
    protocol.receive(request(1))
    assert protocol.end() is None
    assert protocol.answer(StreamId(1), b"") == b""


FRAMES = st.one_of(
    st.builds(request, st.integers(0, 12), payload=st.binary(max_size=30)),
    st.builds(raw_frame, st.integers(0, 12), st.integers(0, 4), st.binary(max_size=30)),
    st.binary(max_size=40),
)


@given(st.lists(FRAMES).map(b"".join), st.integers(1, 50))
def test_what_is_done_does_not_depend_on_how_the_bytes_are_cut(stream: bytes, size: int) -> None:
    """T020"""
    in_pieces, whole = ServerProtocol(), ServerProtocol()
    pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
    steps = [step for piece in pieces for step in in_pieces.receive(piece)]
    assert steps == whole.receive(stream)
    assert in_pieces.end() == whole.end()
