"""The hand-written protobuf against the real library."""

from google.protobuf.any_pb2 import Any
from hypothesis import given
from hypothesis import strategies as st

from adapters.messages.bootstrap_pb2 import BootstrapParams, BootstrapResult
from adapters.messages.runtime_info_pb2 import RuntimeInfo
from entrypoints.shim import wire

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
INT64 = st.integers(-(2**63), 2**63 - 1)


@given(version=st.integers(-(2**31), 2**31 - 1), address=TEXTS, protocol=TEXTS)
def test_what_is_written_by_hand_is_what_the_library_reads(
    version: int, address: str, protocol: str
) -> None:
    written = wire.number(1, version) + wire.text(2, address) + wire.text(3, protocol)
    expected = BootstrapResult(version=version, address=address, protocol=protocol)
    assert BootstrapResult.FromString(written) == expected


@given(instance=TEXTS, level=st.integers(-(2**31), 2**31 - 1), extensions=st.lists(st.binary()))
def test_what_the_library_writes_is_read_by_hand(
    instance: str, level: int, extensions: list[bytes]
) -> None:
    params = BootstrapParams(instance_id=instance, log_level=level)  # type: ignore[arg-type]
    for value in extensions:
        params.extensions.add().value.CopyFrom(Any(type_url="x", value=value))
    found = wire.decode(params.SerializeToString())
    assert found is not None
    assert found.text(1) == instance
    assert found.signed(3) == level


def test_a_message_inside_a_message_may_be_empty() -> None:
    assert RuntimeInfo.FromString(wire.message(3, b"")).HasField("options")


@given(INT64)
def test_a_number_comes_back_with_its_sign(value: int) -> None:
    found = wire.decode(wire.number(7, value))
    assert found is not None
    assert found.signed(7) == value


@given(st.binary(max_size=64))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    found = wire.decode(data)
    assert found is None or isinstance(found, wire.Message)


@given(st.binary(min_size=1, max_size=40), st.data())
def test_a_message_that_is_cut_short_is_no_message(value: bytes, data: st.DataObject) -> None:
    whole = wire.message(2, value)
    cut = data.draw(st.integers(1, len(whole) - 1))
    assert wire.decode(whole[:cut]) is None


def test_fields_of_fixed_size_are_passed_over() -> None:
    fixed = bytes([9 << 3 | 1]) + b"12345678" + bytes([10 << 3 | 5]) + b"1234"
    found = wire.decode(fixed + wire.text(2, "after"))
    assert found is not None
    assert found.text(2) == "after"
