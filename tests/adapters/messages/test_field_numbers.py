"""Our .proto files against the table in `fields.txt`, both ways: nothing missing, nothing more."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
)

from adapters.messages import (
    bootstrap_pb2,
    envelope_pb2,
    events_pb2,
    forward_pb2,
    mount_pb2,
    process_pb2,
    runc_pb2,
    runtime_info_pb2,
    runtimeoptions_pb2,
    task_pb2,
)

FILES: Final[tuple[FileDescriptor, ...]] = (
    bootstrap_pb2.DESCRIPTOR,
    envelope_pb2.DESCRIPTOR,
    events_pb2.DESCRIPTOR,
    forward_pb2.DESCRIPTOR,
    mount_pb2.DESCRIPTOR,
    process_pb2.DESCRIPTOR,
    runc_pb2.DESCRIPTOR,
    runtime_info_pb2.DESCRIPTOR,
    runtimeoptions_pb2.DESCRIPTOR,
    task_pb2.DESCRIPTOR,
)
SCALARS: Final = {
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
}


def table() -> Mapping[str, list[str]]:
    text = (Path(__file__).parent / "fields.txt").read_text()
    paragraphs = [part.splitlines() for part in text.split("\n\n") if not part.startswith("#")]
    return {head: sorted(line.strip() for line in lines) for head, *lines in paragraphs}


def declared() -> Iterator[tuple[str, list[str]]]:
    for file in FILES:
        for message in file.message_types_by_name.values():
            yield f"message {message.full_name}", sorted(map(field_line, message.fields))
        for enum in file.enum_types_by_name.values():
            yield f"enum {enum.full_name}", sorted(value_lines(enum))


def value_lines(enum: EnumDescriptor) -> list[str]:
    return [f"{value.number} {value.name}" for value in enum.values]


def field_line(field: FieldDescriptor) -> str:
    words = [str(field.number), field.name]
    named: Descriptor | EnumDescriptor | None = field.message_type or field.enum_type
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        key, value = field.message_type.fields
        return " ".join([*words, f"map<{SCALARS[key.type]}, {SCALARS[value.type]}>"])
    if field.is_repeated:
        words.append("repeated")
    elif named is None and field.has_presence:
        words.append("optional")
    words.append(SCALARS[field.type] if named is None else named.full_name)
    return " ".join(words)


@pytest.mark.parametrize("name", sorted(table()))
def test_each_message_has_the_fields_and_numbers_of_containerd(name: str) -> None:
    assert dict(declared())[name] == table()[name]


def test_no_message_is_declared_that_containerd_does_not_have() -> None:
    assert set(dict(declared())) == set(table())
