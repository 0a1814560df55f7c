import pytest
from google.protobuf import any_pb2
from hypothesis import given
from hypothesis import strategies as st

from adapters.ttrpc import Code, Status, ttrpc_pb2
from adapters.ttrpc.envelope import (
    Request,
    decode_request,
    decode_response,
    encode_request,
    encode_response,
)
from adapters.ttrpc.frame import DATA_BYTES_MAX

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
REQUESTS = st.builds(
    Request,
    service=WORDS,
    method=WORDS,
    payload=st.binary(max_size=50),
    timeout_nanoseconds=st.integers(-(2**63), 2**63 - 1),
    metadata=st.lists(st.tuples(WORDS, WORDS), max_size=4).map(tuple),
)
STATUSES = st.builds(Status, code=st.integers(1, 2**31 - 1), message=WORDS)


@given(REQUESTS)
def test_a_request_survives_the_wire(request: Request) -> None:
    assert decode_request(encode_request(request)) == request


@given(st.one_of(st.binary(max_size=100), STATUSES))
def test_a_result_survives_the_wire(result: bytes | Status) -> None:
    assert decode_response(encode_response(result)) == result


def test_an_empty_result_is_a_response_of_no_bytes() -> None:
    """T004"""
    assert encode_response(b"") == b""


def test_success_has_no_status() -> None:
    """T003"""
    assert not ttrpc_pb2.Response.FromString(encode_response(b"x")).HasField("status")


def test_a_status_of_code_zero_is_success() -> None:
    """T003, as a client reads it."""
    explicit = ttrpc_pb2.Response(status=ttrpc_pb2.Status(code=0), payload=b"x")
    assert decode_response(explicit.SerializeToString()) == b"x"


def test_unknown_fields_do_not_fail_a_request() -> None:
    """T018: field 15, a varint, appended."""
    request = Request("s", "m", b"p")
    assert decode_request(encode_request(request) + b"\x78\x2a") == request


def test_explicit_defaults_read_as_absent_ones() -> None:
    """T019: payload of length 0 and timeout 0, written out."""
    assert decode_request(b"\x1a\x00\x20\x00") == decode_request(b"")


def test_details_of_a_status_are_passed_over() -> None:
    status = ttrpc_pb2.Status(code=5, message="x", details=[any_pb2.Any(type_url="t")])
    assert decode_response(ttrpc_pb2.Response(status=status).SerializeToString()) == Status(5, "x")


def test_an_undecodable_response_is_an_internal_error() -> None:
    result = decode_response(b"\xff\xff\xff")
    assert isinstance(result, Status)
    assert result.code == Code.INTERNAL


def test_a_result_is_sent_up_to_the_last_byte_that_fits_a_frame() -> None:
    """T035: five bytes go to the payload's own tag and length."""
    largest = bytes(DATA_BYTES_MAX - 5)
    assert len(encode_response(largest)) == DATA_BYTES_MAX
    assert decode_response(encode_response(largest)) == largest
    assert decode_response(encode_response(largest + b"x")) == Status(
        Code.RESOURCE_EXHAUSTED,
        "message length 4194305 exceed maximum message size of 4194304",
    )


def test_a_refusal_with_a_huge_text_keeps_its_last_words() -> None:
    """Clients read the kind of an error there (T034)."""
    text = "\N{SNOWMAN}" * (2 * DATA_BYTES_MAX) + ": not found"
    encoded = encode_response(Status(5, text))
    assert len(encoded) <= DATA_BYTES_MAX
    result = decode_response(encoded)
    assert isinstance(result, Status)
    assert result.message.endswith(": not found")
    assert result.message.startswith("\N{SNOWMAN}")


def test_a_refusal_may_name_a_file_that_is_not_utf8() -> None:
    assert decode_response(encode_response(Status(5, "/x\udcff: not found"))) == Status(
        5, "/x?: not found"
    )


def test_a_refusal_of_code_zero_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="success"):
        Status(0, "fine")
