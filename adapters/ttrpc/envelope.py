"""Requests and responses: plain values here, protobuf messages inside frames."""

from dataclasses import dataclass
from typing import Final, TypeAlias

from google.protobuf.message import DecodeError

from . import ttrpc_pb2
from .frame import DATA_BYTES_MAX
from .status import Code, Status, too_large, undecodable_request

Metadata: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs in the order sent; a key may repeat. Go's client sends its keys in lower case."""

Result: TypeAlias = bytes | Status
"""A call's outcome: the encoded answer message, or why there is none."""

_TEXT_CHARACTERS_MAX: Final = 1 << 18
"""With at most 4 bytes a character, so that a refusal (debug texts carry whole files) fits."""


@dataclass(frozen=True, slots=True)
class Request:
    """`timeout_nanoseconds` is what was left when it was sent; 0 is no limit."""

    service: str
    method: str
    payload: bytes
    timeout_nanoseconds: int = 0
    metadata: Metadata = ()


def encode_request(request: Request) -> bytes:
    return ttrpc_pb2.Request(
        service=request.service,
        method=request.method,
        payload=request.payload,
        timeout_nano=request.timeout_nanoseconds,
        metadata=[ttrpc_pb2.KeyValue(key=key, value=value) for key, value in request.metadata],
    ).SerializeToString()


def decode_request(data: bytes) -> Request | Status:
    try:
        message = ttrpc_pb2.Request.FromString(data)
    except DecodeError as error:
        return undecodable_request(str(error))
    return Request(
        message.service,
        message.method,
        message.payload,
        message.timeout_nano,
        tuple((pair.key, pair.value) for pair in message.metadata),
    )


def encode_response(result: Result) -> bytes:
    """Encode so that the outcome always fits a frame: one too large becomes code 8 (T035)."""
    if isinstance(result, Status):
        status = ttrpc_pb2.Status(code=result.code, message=_sendable(result.message))
        return ttrpc_pb2.Response(status=status).SerializeToString()
    if not isinstance(result, bytes):  # a method's bug; None would go out as an empty success
        raise TypeError(f"a result is bytes or a Status, not {type(result).__name__}")
    data = ttrpc_pb2.Response(payload=result).SerializeToString()
    return data if len(data) <= DATA_BYTES_MAX else encode_response(too_large(len(data)))


def decode_response(data: bytes) -> Result:
    """Return the payload, or the status where it is one; an undecodable response is code 13."""
    try:
        message = ttrpc_pb2.Response.FromString(data)
    except DecodeError as error:
        return Status(Code.INTERNAL, f"unmarshal response error: {error}")
    if message.status.code != Code.OK:
        return Status(message.status.code, message.status.message)
    return message.payload


def _sendable(text: str) -> str:
    """Make any text fit a protobuf string and a frame.

    The middle goes, not the end: clients read the kind of an error from its last words.  Lone
    surrogates come from undecodable file names; protobuf would refuse them.
    """
    if len(text) > _TEXT_CHARACTERS_MAX:
        half = _TEXT_CHARACTERS_MAX // 2 - 8
        text = f"{text[:half]} [...] {text[-half:]}"
    return text.encode("utf-8", "replace").decode("utf-8")
