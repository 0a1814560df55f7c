"""Spans around API calls and port calls, taken at those borders: no rule knows of them."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol


class Span(Protocol):
    def fail(self, why: str) -> None:
        """Marks the span as an error."""
        ...

    def note(self, attributes: Mapping[str, str | int]) -> None: ...


class Tracing(Protocol):
    def span(
        self, name: str, attributes: Mapping[str, str | int]
    ) -> AbstractContextManager[Span]: ...
