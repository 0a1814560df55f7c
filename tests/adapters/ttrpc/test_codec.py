import tracemalloc
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapters.ttrpc.codec import Decoded, Decoder, EndInsideFrame
from adapters.ttrpc.frame import DATA_BYTES_MAX, Frame, Header, StreamId, TooLarge, encode

from .raw import frame_header
from .test_frame import FRAMES


def fed(decoder: Decoder, pieces: list[bytes]) -> list[Decoded]:
    return [decoded for piece in pieces for decoded in decoder.feed(piece)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(st.lists(FRAMES))
def test_frames_arrive_byte_by_byte(frames: list[Frame]) -> None:
    """T020"""
    stream = b"".join(map(encode, frames))
    decoder = Decoder()
    assert fed(decoder, [stream[at : at + 1] for at in range(len(stream))]) == frames
    assert decoder.end() is None


@given(st.lists(FRAMES))
def test_several_frames_arrive_in_one_piece(frames: list[Frame]) -> None:
    """T020"""
    decoder = Decoder()
    assert decoder.feed(b"".join(map(encode, frames))) == frames
    assert decoder.end() is None


@given(st.lists(FRAMES), st.lists(st.integers(0, 10_000)))
def test_frames_may_be_cut_anywhere(frames: list[Frame], places: list[int]) -> None:
    """T020"""
    decoder = Decoder()
    assert fed(decoder, cut(b"".join(map(encode, frames)), places)) == frames
    assert decoder.held_bytes == 0


@given(FRAMES, FRAMES, st.integers(1, 5000), st.lists(st.integers(0, 5 << 20), max_size=8))
def test_a_frame_too_large_is_reported_and_skipped_between_two_good_ones(
    before: Frame, after: Frame, excess: int, places: list[int]
) -> None:
    """T013"""
    length = DATA_BYTES_MAX + excess
    stream = encode(before) + frame_header(length, 9) + bytes(length) + encode(after)
    decoder = Decoder()
    too_large = TooLarge(Header(length, StreamId(9), 1, 0))
    assert fed(decoder, cut(stream, places)) == [before, too_large, after]
    assert decoder.end() is None


def test_a_frame_too_large_is_reported_before_its_data_has_come() -> None:
    decoder = Decoder()
    assert decoder.feed(frame_header(1 << 31, 9)) == [TooLarge(Header(1 << 31, StreamId(9), 1, 0))]
    assert decoder.feed(bytes(1 << 16)) == []
    assert decoder.end() == EndInsideFrame((1 << 31) - (1 << 16))


def test_data_that_is_skipped_is_never_held() -> None:
    """T013, T036"""
    decoder = Decoder()
    decoder.feed(frame_header(1 << 31, 9))
    for _ in range(64):
        decoder.feed(bytes(1 << 16))
        assert decoder.held_bytes == 0


def test_a_garbage_first_byte_allocates_next_to_nothing() -> None:
    """T036"""
    garbage = b"\xff" + b"GET / HTTP/1.1\r\n" * 4096
    tracemalloc.start()
    try:
        decoder = Decoder()
        decoder.feed(garbage)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert decoder.held_bytes == 0
    assert peak_bytes < 1 << 16


def test_a_header_that_promises_four_mebibytes_allocates_them_only_as_they_come() -> None:
    """T036: a thousand idle connections with such a header must not cost 4 GiB."""
    tracemalloc.start()
    try:
        decoder = Decoder()
        decoder.feed(frame_header(DATA_BYTES_MAX, 1))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert decoder.held_bytes == 10
    assert peak_bytes < 1 << 16


@given(FRAMES, FRAMES, st.data())
def test_an_end_inside_a_frame_is_told_and_the_frame_is_not(
    whole: Frame, partial: Frame, data: st.DataObject
) -> None:
    """T021"""
    encoded = encode(partial)
    length = data.draw(st.integers(1, len(encoded) - 1))
    decoder = Decoder()
    assert decoder.feed(encode(whole) + encoded[:length]) == [whole]
    wanted = 10 if length < 10 else len(encoded)
    assert decoder.end() == EndInsideFrame(wanted - length)
