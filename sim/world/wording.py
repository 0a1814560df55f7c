"""Values of the rules as a person reads them in a story: short, and the key first."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import singledispatch
from typing import Any

from returns.result import Failure, Success

from domain.identity import ContainerKey, ProcessKey
from domain.unit import UnitRef


@singledispatch
def worded(value: object) -> str:
    """One line. Of a dataclass: its name, its first field, and whatever is not the default."""
    if not is_dataclass(value) or isinstance(value, type):
        return str(value)
    all_of_it = fields(value)
    said = [worded(first) for each in all_of_it[:1] if (first := getattr(value, each.name)) != ""]
    said += [
        f"{each.name}={worded(getattr(value, each.name))}"
        for each in all_of_it[1:]
        if not _goes_without_saying(each, getattr(value, each.name))
    ]
    return f"{type(value).__name__}({', '.join(said)})"


def _goes_without_saying(each: Field[Any], value: object) -> bool:
    if each.default is not MISSING:
        return bool(value == each.default)
    return value is None or value in ("", ())


@worded.register
def _(_: None) -> str:
    return "nothing"


@worded.register
def _(value: Success) -> str:  # type: ignore[type-arg]  # dispatched by the bare class
    return "done" if value.unwrap() is None else worded(value.unwrap())


@worded.register
def _(value: Failure) -> str:  # type: ignore[type-arg]  # as above
    return f"refused: {worded(value.failure())}"


@worded.register
def _(value: UnitRef) -> str:
    invocation = (value.invocation or "").lstrip("0")
    return f"{value.name}#{invocation}" if invocation else value.name


@worded.register(ContainerKey)
@worded.register(ProcessKey)
def _(value: object) -> str:
    return str(value)


@worded.register
def _(value: Enum) -> str:
    return value.name.lower()


@worded.register
def _(value: float) -> str:
    return f"{value:g}"


@worded.register
def _(value: bytes) -> str:
    return value.decode(errors="replace")


@worded.register
def _(value: Mapping) -> str:  # type: ignore[type-arg]  # as above
    return "{" + ", ".join(f"{key}: {worded(each)}" for key, each in value.items()) + "}"


@worded.register(tuple)
@worded.register(list)
def _(value: "tuple[object, ...] | list[object]") -> str:
    return "[" + ", ".join(map(worded, value)) + "]"
