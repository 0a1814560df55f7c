"""The server's side of one connection, without a socket.

`receive` turns bytes into steps: calls to run and replies to send at once.  `answer` turns a
call's outcome into the bytes to send.  What each wrong input does, in the Go server's words where
it has any (ttrpc server.go, 1.2):

    data above 4 MiB                code 8 on that stream, whatever the frame was (T013)
    frame of an unknown kind        ignored (T015), and so is a response
    even stream id                  code 3 (T009)
    request, id not above the last  code 3 (T010)
    request that cannot be decoded  code 3, the id is used up (T011)
    request whose time is over      code 4, the call never runs: nobody would learn what it did
    data, stream not open           code 3 (T016)
    data, stream open               ignored (T017): all calls are unary, and an answer here would
                                    be a second one on its stream
    unknown flags                   ignored (T018)

No input ends the connection.
"""

from dataclasses import dataclass
from typing import TypeAlias

from .codec import Decoder, EndInsideFrame
from .envelope import Request, Result, decode_request, encode_response
from .frame import Buffer, Frame, Kind, StreamId, TooLarge, encode
from .status import (
    DEADLINE_EXCEEDED,
    EVEN_STREAM,
    STREAM_INACTIVE,
    STREAM_REUSED,
    Status,
    too_large,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A call to run; the stream stays open until `answer` or `end`."""

    stream: StreamId
    request: Request


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to send now: a whole frame that refuses what arrived."""

    data: bytes


Step: TypeAlias = Opened | Reply


class ServerProtocol:
    __slots__ = ("_decoder", "_last_stream", "_open")

    def __init__(self) -> None:
        self._decoder = Decoder()
        self._last_stream = 0
        self._open: set[StreamId] = set()

    def receive(self, data: Buffer) -> list[Step]:
        """Take what arrived; return what is to be done, in the order of the frames."""
        steps = (self._step(decoded) for decoded in self._decoder.feed(data))
        return [step for step in steps if step is not None]

    def answer(self, stream: StreamId, result: Result) -> bytes:
        """Close the stream; return the frame to send, nothing if the stream is closed already."""
        if stream not in self._open:
            return b""
        reply = _response(stream, result)
        self._open.discard(stream)
        return reply

    def end(self) -> EndInsideFrame | None:
        """Close all streams; say whether the peer left in the middle of a frame (T021)."""
        self._open.clear()
        return self._decoder.end()

    def _step(self, decoded: Frame | TooLarge) -> Step | None:
        match decoded:
            case TooLarge(header):
                return Reply(_response(header.stream, too_large(header.data_bytes)))
            case Frame(kind=Kind.REQUEST | Kind.DATA, stream=stream) if stream % 2 == 0:
                return Reply(_response(stream, EVEN_STREAM))
            case Frame(kind=Kind.REQUEST):
                return self._request(decoded)
            case Frame(kind=Kind.DATA, stream=stream) if stream not in self._open:
                return Reply(_response(stream, STREAM_INACTIVE))
            case _:
                return None

    def _request(self, frame: Frame) -> Step:
        if frame.stream <= self._last_stream:
            return Reply(_response(frame.stream, STREAM_REUSED))
        self._last_stream = frame.stream
        request = decode_request(frame.data)
        if isinstance(request, Status):
            return Reply(_response(frame.stream, request))
        if request.timeout_nanoseconds < 0:
            return Reply(_response(frame.stream, DEADLINE_EXCEEDED))
        self._open.add(frame.stream)
        return Opened(frame.stream, request)


def _response(stream: StreamId, result: Result) -> bytes:
    return encode(Frame(stream, Kind.RESPONSE, 0, encode_response(result)))
