"""Whom a log line is about, carried along without naming it at each line.

`about` marks a stretch of code; every record that the standard library's logging makes in it, and
in the tasks that are started in it, gets the fields. A line may name somebody else by
`extra=whom(...)`.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from domain.identity import ContainerKey, ProcessKey

Whom = ProcessKey | ContainerKey | None

_ATTRIBUTE: Final = "about_whom"
_current: ContextVar[Whom] = ContextVar("about_whom", default=None)


@contextmanager
def about(key: ProcessKey | ContainerKey) -> Iterator[None]:
    """Whatever is logged within is about this process or container."""
    token = _current.set(key)
    try:
        yield
    finally:
        _current.reset(token)


def whom(key: Whom) -> dict[str, Any]:
    """For `extra=`: this one line is about `key`; None leaves it to the surroundings."""
    return {} if key is None else {_ATTRIBUTE: key}


def of(record: logging.LogRecord) -> Whom:
    """Asked in the context in which the record was made."""
    key = getattr(record, _ATTRIBUTE, None)
    return key if isinstance(key, ProcessKey | ContainerKey) else _current.get()


def owner_of(key: Whom) -> ContainerKey | None:
    return key.owner if isinstance(key, ProcessKey) else key


def fields_of(key: Whom) -> Mapping[str, str]:
    """As the journal and the container's own log name them."""
    match key:
        case ProcessKey(owner=owner, exec_id=exec_id) if exec_id is not None:
            return {**fields_of(owner), "EXEC_ID": exec_id}
        case ProcessKey(owner=owner):
            return fields_of(owner)
        case ContainerKey(namespace=namespace, container=container):
            return {"CONTAINERD_NAMESPACE": namespace, "CONTAINER_ID": container}
    return {}
