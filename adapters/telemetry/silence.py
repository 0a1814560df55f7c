"""Tracing where nobody configured any: costs a call and no import."""

from collections.abc import Mapping
from typing import Final, Self


class _NoSpan:
    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def fail(self, why: str) -> None:
        pass

    def note(self, attributes: Mapping[str, str | int]) -> None:
        pass


_NO_SPAN: Final = _NoSpan()


class Silence:
    """The Tracing port."""

    def span(self, _name: str, _attributes: Mapping[str, str | int]) -> _NoSpan:
        return _NO_SPAN

    def close(self) -> None:
        pass
