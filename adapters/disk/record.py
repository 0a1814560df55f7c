"""A container's record as JSON.

    {"version": 1, "record": {...}}

The members of `record` are the fields of `domain.record.ContainerRecord`, and so on down:
dataclasses are objects, tuples and sets arrays, enums their values. Reading is strict: another
version, an unknown or missing member, or a value of another type makes the record unreadable.
One thing is allowed: a field that has a default may be missing, so that a daemon that was
updated knows the containers of the one before. A field that changes its meaning, is renamed or
removed needs a new version here.
"""

import json
from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, NewType, Union, get_args, get_origin, get_type_hints

from domain.record import ContainerRecord

VERSION: Final = 1
# Where one lies in the folder of all: TASKS/NAMESPACE/CONTAINER.LIFE with this suffix.
TASKS: Final = "tasks"
SUFFIX: Final = ".json"

_Reader = Callable[[Any, str], Any]


class Unreadable(ValueError):  # noqa: N818 - says what is the matter
    """The text is no record of this version."""


def encode(record: ContainerRecord) -> bytes:
    """ASCII, on one line."""
    return json.dumps({"version": VERSION, "record": _plain(record)}).encode() + b"\n"


def decode(data: bytes) -> ContainerRecord:
    """What `encode` was given. `Unreadable` says where it cannot be that."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    match document:
        case {"version": int(version), "record": written} if len(document) == 2:
            if version is True or version != VERSION:
                raise Unreadable(f"version {version} is not {VERSION}")
        case _:
            raise Unreadable("no record")
    record: ContainerRecord = _reader(ContainerRecord)(written, "record")
    return record


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(element) for element in value]
    if isinstance(value, frozenset):
        return sorted(_plain(element) for element in value)
    return value


@cache
def _reader(kind: Any) -> _Reader:
    """How a value of this type is read; made once for each type."""
    origin = get_origin(kind)
    if isinstance(kind, NewType):
        return _reader(kind.__supertype__)
    if origin in {Union, UnionType}:
        return _optional(kind)
    if origin in {tuple, frozenset}:
        return _several(origin, get_args(kind)[0])
    if is_dataclass(kind):
        return _object(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind)
    if kind in {str, int, bool}:
        return _plain_value(kind)
    raise TypeError(f"records cannot hold a {kind!r}")


def _optional(kind: Any) -> _Reader:
    one, nothing = get_args(kind)
    if nothing is not NoneType:
        raise TypeError(f"records cannot hold a {kind!r}")
    return lambda value, where: None if value is None else _reader(one)(value, where)


def _several(collection: Callable[[list[Any]], Any], element: Any) -> _Reader:
    def read(value: Any, where: str) -> Any:
        if not isinstance(value, list):
            raise Unreadable(f"{where} is no array")
        return collection([_reader(element)(each, f"{where}[]") for each in value])

    return read


def _object(kind: Any) -> _Reader:
    types = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    needed = {name for name, field in known.items() if _has_no_default(field)}

    def read(value: Any, where: str) -> Any:
        if not isinstance(value, dict):
            raise Unreadable(f"{where} is no object")
        if strange := value.keys() - known.keys():
            raise Unreadable(f"{where} has an unknown member {min(strange)!r}")
        if missing := needed - value.keys():
            raise Unreadable(f"{where} has no {min(missing)!r}")
        return kind(
            **{name: _reader(types[name])(each, f"{where}.{name}") for name, each in value.items()}
        )

    return read


def _has_no_default(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _enum(kind: type[Enum]) -> _Reader:
    def read(value: Any, where: str) -> Any:
        for member in kind:
            if type(value) is str and member.value == value:
                return member
        raise Unreadable(f"{where} is no {kind.__name__}")

    return read


def _plain_value(kind: type[str | int | bool]) -> _Reader:
    def read(value: Any, where: str) -> Any:
        if type(value) is not kind:  # a bool is an int to isinstance
            raise Unreadable(f"{where} is no {kind.__name__}")
        return value

    return read
