"""The little of protobuf's wire format that the lean programs need, by hand.

The real library takes 26 ms to import; here a few dozen bytes are read and written. Fields are
numbered as in the .proto files of adapters/messages, and the tests compare with what those
generate.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_VARINT: "Final" = 0
_FIXED64: "Final" = 1
_LENGTH: "Final" = 2
_FIXED32: "Final" = 5
_VARINT_BYTES_MAX: "Final" = 10


def varint(value: int) -> bytes:
    """A number; a negative one as its 64-bit complement, ten bytes long."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    """A number field, left out when it is 0, as proto3 does."""
    return varint(field << 3 | _VARINT) + varint(value) if value else b""


def text(field: int, value: str) -> bytes:
    """A string field, left out when it is empty."""
    return message(field, value.encode()) if value else b""


def message(field: int, value: bytes) -> bytes:
    """A field that holds bytes or a message, present even when empty."""
    return varint(field << 3 | _LENGTH) + varint(len(value)) + value


class Message:
    """A decoded message: each field's last value, as numbers and as bytes.

    Unknown fields are kept and harm nobody; groups, which proto3 has not, make a message
    undecodable.
    """

    __slots__ = ("blobs", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[int, int] = {}
        self.blobs: dict[int, bytes] = {}

    def text(self, field: int) -> str:
        """A string; "" when it is absent."""
        return self.blobs.get(field, b"").decode(errors="replace")

    def signed(self, field: int) -> int:
        """A number whose negative values came as 64-bit complements (int32, int64, enums)."""
        value = self.numbers.get(field, 0)
        return value - (1 << 64) if value >> 63 else value


def decode(data: bytes) -> Message | None:
    """Reads one message; None when the bytes are none."""
    found = Message()
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        field, kind = tag >> 3, tag & 7
        if at < 0 or field == 0:
            return None
        if kind == _VARINT:
            found.numbers[field], at = _read_varint(data, at)
            if at < 0:
                return None
            continue
        size = {_FIXED64: 8, _FIXED32: 4}.get(kind, -1)
        if kind == _LENGTH:
            size, at = _read_varint(data, at)
        if at < 0 or size < 0 or at + size > len(data):
            return None
        value = data[at : at + size]
        at += size
        if kind == _LENGTH:
            found.blobs[field] = value
    return found


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and the place behind it, which is -1 when there is no whole number."""
    value = 0
    for index, byte in enumerate(data[at : at + _VARINT_BYTES_MAX]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value & (1 << 64) - 1, at + index + 1
    return 0, -1
