"""Bytes in, frames out, whatever the pieces in which the bytes arrive.

Nothing is allocated on the word of a header: what is held is what has arrived of one frame, so
10 bytes and at most 4 MiB.  Data above that is skipped as it arrives, and no byte of it is kept.
"""

from dataclasses import dataclass
from typing import TypeAlias

from .frame import (
    HEADER_BYTES,
    Buffer,
    Frame,
    Partial,
    TooLarge,
    Whole,
    cut_out,
    measure,
)

Decoded: TypeAlias = Frame | TooLarge


@dataclass(frozen=True, slots=True)
class EndInsideFrame:
    """The peer stopped sending `missing_bytes` before the frame (or the header) was complete."""

    missing_bytes: int


class Decoder:
    """The receiving half of one connection.

    A `TooLarge` is reported as soon as its header is there, while its data is still being
    skipped: its sender need not wait for gigabytes to pass before it hears why.
    """

    __slots__ = ("_held", "_skip_bytes")

    def __init__(self) -> None:
        self._held = bytearray()
        self._skip_bytes = 0

    def feed(self, data: Buffer) -> list[Decoded]:
        """Take what arrived; return the frames that it completes, in their order."""
        decoded: list[Decoded] = []
        with memoryview(data) as view:
            start = 0
            while start < len(view):
                with view[start:] as rest:
                    start += self._take(rest, decoded)
        return decoded

    def end(self) -> EndInsideFrame | None:
        """Say what was cut off if no more bytes will come; None between two frames."""
        if self._skip_bytes:
            return EndInsideFrame(self._skip_bytes)
        if not self._held:
            return None
        return EndInsideFrame(self._wanted_bytes() - len(self._held))

    @property
    def held_bytes(self) -> int:
        """Bytes of an unfinished frame kept in memory."""
        return len(self._held)

    def _take(self, view: memoryview, decoded: list[Decoded]) -> int:
        """Consume at least one byte of `view`, at most up to the end of a frame."""
        if self._skip_bytes:
            skipped = min(self._skip_bytes, len(view))
            self._skip_bytes -= skipped
            return skipped
        if self._held:
            return self._complete_held(view, decoded)
        match measure(view):
            case Partial():
                self._held += view
                return len(view)
            case Whole() as whole:
                decoded.append(cut_out(view, whole))
                return whole.frame_bytes
            case TooLarge() as large:
                self._begin_skipping(large, decoded)
                return HEADER_BYTES

    def _complete_held(self, view: memoryview, decoded: list[Decoded]) -> int:
        """Add to the held bytes what they lack, and not a byte of the frame after them."""
        taken = min(self._wanted_bytes() - len(self._held), len(view))
        self._held += view[:taken]
        match measure(self._held):
            case Whole() as whole:
                decoded.append(cut_out(self._held, whole))
                self._held = bytearray()  # not clear(): a large frame's memory goes with it
            case TooLarge() as large:
                self._held.clear()
                self._begin_skipping(large, decoded)
            case Partial():
                pass
        return taken

    def _begin_skipping(self, large: TooLarge, decoded: list[Decoded]) -> None:
        self._skip_bytes = large.header.data_bytes
        decoded.append(large)

    def _wanted_bytes(self) -> int:
        match measure(self._held):
            case Partial(wanted_bytes):
                return wanted_bytes
            case Whole() | TooLarge():  # pragma: no cover - _complete_held empties these at once
                raise AssertionError("a whole frame was held back")
