import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ttrpc.frame import (
    DATA_BYTES_MAX,
    HEADER_BYTES,
    Frame,
    Header,
    Partial,
    StreamId,
    TooLarge,
    Whole,
    cut_out,
    encode,
    measure,
)

FRAMES = st.builds(
    Frame,
    stream=st.integers(0, 2**32 - 1).map(StreamId),
    kind=st.integers(0, 255),
    flags=st.integers(0, 255),
    data=st.binary(max_size=300),
)


@given(FRAMES, st.binary(max_size=20))
def test_a_frame_survives_encoding_whatever_follows_it(frame: Frame, after: bytes) -> None:
    encoded = encode(frame)
    found = measure(encoded + after)
    assert isinstance(found, Whole)
    assert found.frame_bytes == len(encoded)
    assert cut_out(encoded + after, found) == frame


@given(FRAMES)
def test_the_length_is_big_endian_and_counts_the_data_only(frame: Frame) -> None:
    """T002"""
    encoded = encode(frame)
    assert struct.unpack(">I", encoded[:4])[0] == len(frame.data)
    assert len(encoded) == len(frame.data) + 10


@given(FRAMES, st.data())
def test_a_beginning_of_a_frame_says_how_many_bytes_are_wanted(
    frame: Frame, data: st.DataObject
) -> None:
    encoded = encode(frame)
    length = data.draw(st.integers(0, len(encoded) - 1))
    wanted = HEADER_BYTES if length < HEADER_BYTES else len(encoded)
    assert measure(encoded[:length]) == Partial(wanted)


@given(FRAMES)
def test_looking_at_a_frame_in_any_kind_of_buffer_leaves_it_as_it_is(frame: Frame) -> None:
    """What MSG_PEEK shows is judged by the same function, and judged again after reading."""
    buffer = bytearray(encode(frame))
    assert measure(buffer) == measure(memoryview(buffer)) == measure(bytes(buffer))
    assert buffer == encode(frame)


def test_four_mebibytes_are_a_frame_and_one_byte_more_is_too_large() -> None:
    """T013, T014: decided from the header alone."""
    assert measure(struct.pack(">IIBB", DATA_BYTES_MAX, 1, 1, 0)) == Partial(10 + 4194304)
    one_more = measure(struct.pack(">IIBB", DATA_BYTES_MAX + 1, 7, 1, 2))
    assert one_more == TooLarge(Header(4194305, StreamId(7), 1, 2))


def test_encoding_more_than_four_mebibytes_is_a_bug() -> None:
    with pytest.raises(ValueError, match="4194305"):
        encode(Frame(StreamId(1), 1, 0, bytes(DATA_BYTES_MAX + 1)))
