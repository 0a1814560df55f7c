"""How instances of each class are written down in a state."""

from collections.abc import Mapping
from enum import Enum
from functools import partial
from operator import attrgetter
from types import (
    BuiltinFunctionType,
    CellType,
    CoroutineType,
    FunctionType,
    GeneratorType,
    MappingProxyType,
    MethodType,
)
from typing import Any, Final

from returns.result import Failure, Result, Success

from sim.check.walk import Handler, Waiting, Walk


class Handlers(dict[type, Handler]):
    """How each class is written down; one that is met for the first time is looked at once."""

    def __missing__(self, kind: type) -> Handler:
        handler = self[kind] = handler_of(kind)
        return handler


def handler_of(kind: type) -> Handler:
    """How a class's instances are written down."""
    if issubclass(kind, Enum):
        return lambda walk, value: walk.token((kind.__qualname__, value.name))
    if issubclass(kind, type):
        return write_class
    if issubclass(kind, BaseException):
        return lambda walk, value: walk.text(repr(value))
    if issubclass(kind, tuple):
        return Walk.sequence
    if hasattr(kind, "__next__") and hasattr(kind, "__reduce__") and kind.__module__ == "builtins":
        return Walk.iterator
    return object_handler(kind)


def object_handler(kind: type, omitted: frozenset[str] = frozenset()) -> Handler:
    """All attributes but these, in the order of the class; a frozen one is but a value."""
    name = kind.__qualname__
    slots = [
        slot
        for base in kind.__mro__
        for slot in _slots(base)
        if not slot.startswith("__") and slot not in omitted
    ]
    attributes = attrgetter(*slots) if len(slots) > 1 else None
    params = getattr(kind, "__dataclass_params__", None)
    is_value = params is not None and params.frozen

    def write(walk: Walk, value: Any) -> None:
        walk.token(name)
        if not is_value and not walk.is_new(value):
            return
        if attributes is not None:
            handlers = walk.handlers
            for each in attributes(value):
                handlers[type(each)](walk, each)
        elif slots:
            walk.visit(getattr(value, slots[0]))
        for key, each in getattr(value, "__dict__", {}).items():
            if key not in omitted:
                walk.token(key)
                walk.visit(each)

    return write


def _slots(base: type) -> tuple[str, ...]:
    slots = base.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def write_list(walk: Walk, value: list[Any]) -> None:
    if walk.is_new(value):
        walk.sequence(value)


def write_dict(walk: Walk, value: dict[Any, Any]) -> None:
    if walk.is_new(value):
        walk.mapping(value)


def write_set(walk: Walk, value: set[Any]) -> None:
    """Without an order: nobody may depend on it (S32)."""
    walk.sequence(sorted(value, key=repr))


def write_function(walk: Walk, value: FunctionType) -> None:
    walk.token(id(value.__code__))
    for cell in (*(value.__closure__ or ()), *(value.__defaults__ or ())):
        walk.visit(cell)


def write_method(walk: Walk, value: MethodType) -> None:
    walk.token(value.__func__.__qualname__)
    walk.visit(value.__self__)


def write_builtin(walk: Walk, value: BuiltinFunctionType) -> None:
    walk.token(value.__qualname__)


def write_cell(walk: Walk, value: CellType) -> None:
    try:
        walk.visit(value.cell_contents)
    except ValueError:
        walk.token("empty")


def write_waiting(walk: Walk, value: Waiting) -> None:
    if walk.is_new(value):
        walk.waiting(value)


def write_result(walk: Walk, value: Result[Any, Any]) -> None:
    walk.token(type(value).__qualname__)
    walk.visit(value.failure() if isinstance(value, Failure) else value.unwrap())


def write_partial(walk: Walk, value: partial[Any]) -> None:
    for part in (value.func, value.args, value.keywords):
        walk.visit(part)


def write_plain(walk: Walk, value: object) -> None:
    walk.token(value)


def write_class(walk: Walk, value: type) -> None:
    walk.token(value.__qualname__)


PLAIN: Final[Mapping[type, Handler]] = {
    type(None): write_plain,
    bool: write_plain,
    bytes: write_plain,
    bytearray: lambda walk, value: walk.token(bytes(value)),
    int: Walk.integer,
    float: Walk.real,
    str: Walk.text,
    tuple: Walk.sequence,
    list: write_list,
    dict: write_dict,
    set: write_set,
    frozenset: write_set,
    FunctionType: write_function,
    MethodType: write_method,
    BuiltinFunctionType: write_builtin,
    CellType: write_cell,
    CoroutineType: write_waiting,
    GeneratorType: write_waiting,
    MappingProxyType: Walk.mapping,
    partial: write_partial,
    Success: write_result,
    Failure: write_result,
}
