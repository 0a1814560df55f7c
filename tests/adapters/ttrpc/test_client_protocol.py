from adapters.ttrpc import Status
from adapters.ttrpc.client_protocol import Answered, ClientProtocol, Sending, StreamsUsedUp
from adapters.ttrpc.envelope import Request, encode_response
from adapters.ttrpc.frame import DATA_BYTES_MAX, StreamId

from .raw import frame_header, raw_frame, request

REQUEST = Request("test.Service", "Echo", b"x")


def test_stream_ids_are_odd_and_rise_by_two() -> None:
    protocol = ClientProtocol()
    sent = [protocol.open(REQUEST) for _ in range(3)]
    expected = [Sending(StreamId(stream), request(stream, payload=b"x")) for stream in (1, 3, 5)]
    assert sent == expected


def test_a_request_too_large_is_refused_and_uses_no_stream_id() -> None:
    protocol = ClientProtocol()
    refused = protocol.open(Request("s", "m", bytes(DATA_BYTES_MAX)))
    assert isinstance(refused, Status)
    assert refused.code == 8
    assert protocol.open(REQUEST) == Sending(StreamId(1), request(1, payload=b"x"))


def test_the_last_stream_id_is_given_out_and_none_after_it() -> None:
    protocol = ClientProtocol(first_stream=2**32 - 1)
    assert isinstance(protocol.open(REQUEST), Sending)
    assert protocol.open(REQUEST) == StreamsUsedUp()


def test_answers_are_told_with_their_streams() -> None:
    refusal = Status(5, "x: not found")
    frames = raw_frame(3, 2, encode_response(b"y")) + raw_frame(1, 2, encode_response(refusal))
    assert ClientProtocol().receive(frames) == [
        Answered(StreamId(3), b"y"),
        Answered(StreamId(1), refusal),
    ]


def test_data_instead_of_an_answer_is_a_protocol_error_of_that_call() -> None:
    (answered,) = ClientProtocol().receive(raw_frame(1, 3, b"x"))
    text = 'unexpected "data" message received: protocol error'
    assert answered == Answered(StreamId(1), Status(2, text))


def test_an_answer_too_large_fails_its_call_only() -> None:
    protocol = ClientProtocol()
    large = frame_header(DATA_BYTES_MAX + 1, 1, kind=2) + bytes(DATA_BYTES_MAX + 1)
    answered, after = protocol.receive(large + raw_frame(3, 2, b""))
    assert isinstance(answered.result, Status)
    assert (answered.stream, answered.result.code) == (1, 8)
    assert after == Answered(StreamId(3), b"")


def test_frames_of_unknown_kind_are_ignored() -> None:
    assert ClientProtocol().receive(raw_frame(1, 1, b"") + raw_frame(1, 9, b"")) == []
