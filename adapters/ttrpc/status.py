"""How a call is refused: a gRPC code and a text.

The texts are the Go implementation's where a client may match on them (containerd's errdefs reads
the words at the end of a text).
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from .frame import DATA_BYTES_MAX


class Code(IntEnum):
    OK = 0
    CANCELED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class Status:
    """A refusal. `code` is a plain number: a peer may send one that is not in `Code`."""

    code: int
    message: str

    def __post_init__(self) -> None:
        if self.code == Code.OK:
            raise ValueError("a refusal with code 0 would be read as success")


EVEN_STREAM: Final = Status(
    Code.INVALID_ARGUMENT, "StreamID must be odd for client initiated streams"
)
STREAM_REUSED: Final = Status(
    Code.INVALID_ARGUMENT, "StreamID cannot be re-used and must increment"
)
STREAM_INACTIVE: Final = Status(Code.INVALID_ARGUMENT, "StreamID is no longer active")
DEADLINE_EXCEEDED: Final = Status(Code.DEADLINE_EXCEEDED, "context deadline exceeded")
CANCELED: Final = Status(Code.CANCELED, "context canceled")
TOO_MANY_CALLS: Final = Status(
    Code.RESOURCE_EXHAUSTED, "too many unfinished calls on this connection"
)


def too_large(data_bytes: int) -> Status:
    return Status(
        Code.RESOURCE_EXHAUSTED,
        f"message length {data_bytes} exceed maximum message size of {DATA_BYTES_MAX}",
    )


def undecodable_request(reason: str) -> Status:
    return Status(Code.INVALID_ARGUMENT, f"unmarshal request error: {reason}")


def undecodable_payload(reason: str) -> Status:
    """Refuse a request message that the method's handler cannot decode (T012)."""
    return Status(Code.INTERNAL, f"ttrpc: error unmarshalling payload: {reason}")


def unknown_service(service: str) -> Status:
    return Status(Code.UNIMPLEMENTED, f"service {service}")


def unknown_method(method: str) -> Status:
    return Status(Code.UNIMPLEMENTED, f"method {method}")
