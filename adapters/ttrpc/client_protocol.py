"""The client's side of one connection, without a socket."""

from dataclasses import dataclass
from typing import Final

from .codec import Decoder
from .envelope import Request, Result, decode_response, encode_request
from .frame import DATA_BYTES_MAX, Buffer, Frame, Kind, StreamId, TooLarge, encode
from .status import Code, Status, too_large

_STREAM_MAX: Final = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Sending:
    """A call under way: its stream and the frame to send."""

    stream: StreamId
    data: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """An outcome has arrived. Nobody may be waiting for it any more: then it is dropped."""

    stream: StreamId
    result: Result


@dataclass(frozen=True, slots=True)
class StreamsUsedUp:
    """All 2^31 odd stream ids were given out; only a new connection helps."""


class ClientProtocol:
    __slots__ = ("_decoder", "_next_stream")

    def __init__(self, first_stream: int = 1) -> None:
        self._decoder = Decoder()
        self._next_stream = first_stream

    def open(self, request: Request) -> Sending | Status | StreamsUsedUp:
        """Give the request the next stream id; a request too large for a frame is code 8."""
        data = encode_request(request)
        if len(data) > DATA_BYTES_MAX:
            return too_large(len(data))
        if self._next_stream > _STREAM_MAX:
            return StreamsUsedUp()
        stream = StreamId(self._next_stream)
        self._next_stream += 2
        return Sending(stream, encode(Frame(stream, Kind.REQUEST, 0, data)))

    def receive(self, data: Buffer) -> list[Answered]:
        """Take what arrived; return the outcomes in it. Frames of unknown kind are ignored."""
        answers = (_answered(decoded) for decoded in self._decoder.feed(data))
        return [answer for answer in answers if answer is not None]


def _answered(decoded: Frame | TooLarge) -> Answered | None:
    match decoded:
        case TooLarge(header):
            return Answered(header.stream, too_large(header.data_bytes))
        case Frame(kind=Kind.RESPONSE):
            return Answered(decoded.stream, decode_response(decoded.data))
        case Frame(kind=Kind.DATA):
            # All calls are unary; Go's client fails the call with the same words.
            wrong = Status(Code.UNKNOWN, 'unexpected "data" message received: protocol error')
            return Answered(decoded.stream, wrong)
        case _:
            return None
