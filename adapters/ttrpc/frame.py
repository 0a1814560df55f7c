"""One ttrpc frame: a header of ten bytes, then the data.

The header is big-endian: data length (u32, without the header), stream id (u32), kind (u8),
flags (u8).  Data is at most 4 MiB (`messageLengthMax`, ttrpc channel.go).

`measure` decides from a buffer alone whether a whole frame is there.  It does not matter whether
the bytes were received or only looked at with MSG_PEEK, so a server that must not consume a
request before it has written its intent down can ask the same question.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NewType, TypeAlias

HEADER_BYTES: Final = 10
DATA_BYTES_MAX: Final = 4 << 20

_HEADER: Final = struct.Struct(">IIBB")

StreamId = NewType("StreamId", int)

Buffer: TypeAlias = bytes | bytearray | memoryview


class Kind(IntEnum):
    """Frame types that a peer acts on; others are legal on the wire and are ignored."""

    REQUEST = 1
    RESPONSE = 2
    DATA = 3


@dataclass(frozen=True, slots=True)
class Header:
    """What the first ten bytes say. `kind` and `flags` may be values nobody has defined yet."""

    data_bytes: int
    stream: StreamId
    kind: int
    flags: int


@dataclass(frozen=True, slots=True)
class Frame:
    stream: StreamId
    kind: int
    flags: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Partial:
    """Nothing can be decided before `wanted_bytes` are there, counted from the frame's start."""

    wanted_bytes: int


@dataclass(frozen=True, slots=True)
class Whole:
    """The buffer begins with a whole frame of `frame_bytes`, header included."""

    header: Header
    frame_bytes: int


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The buffer begins with the header of a frame whose data must be skipped, not kept."""

    header: Header


Measure: TypeAlias = Partial | Whole | TooLarge


def measure(buffer: Buffer) -> Measure:
    """Say whether `buffer` begins with a whole frame, and how long it is."""
    if len(buffer) < HEADER_BYTES:
        return Partial(HEADER_BYTES)
    data_bytes, stream, kind, flags = _HEADER.unpack_from(buffer)
    header = Header(data_bytes, StreamId(stream), kind, flags)
    if data_bytes > DATA_BYTES_MAX:
        return TooLarge(header)
    frame_bytes = HEADER_BYTES + data_bytes
    if len(buffer) < frame_bytes:
        return Partial(frame_bytes)
    return Whole(header, frame_bytes)


def cut_out(buffer: Buffer, whole: Whole) -> Frame:
    """Copy the frame that `measure` found at the start of `buffer` out of it."""
    with memoryview(buffer) as view:
        data = bytes(view[HEADER_BYTES : whole.frame_bytes])
    return Frame(whole.header.stream, whole.header.kind, whole.header.flags, data)


def encode(frame: Frame) -> bytes:
    """Return the frame's bytes. Data above 4 MiB is a caller's bug: `ValueError`."""
    if len(frame.data) > DATA_BYTES_MAX:
        raise ValueError(f"frame data of {len(frame.data)} bytes exceeds {DATA_BYTES_MAX}")
    header = _HEADER.pack(len(frame.data), frame.stream, frame.kind, frame.flags)
    return header + frame.data
