"""Whatever in a rule happens beside something else; a port, so that the simulator sees it."""

from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from domain.limits import Seconds

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Latch(Protocol):
    """Opens once and stays open."""

    @property
    def is_open(self) -> bool: ...

    def open(self) -> None: ...


class Work(Protocol[T_co]):
    """Something that runs beside its starter, owned by the shim and never by a caller."""

    @property
    def done(self) -> Latch: ...

    def outcome(self) -> T_co:
        """Its result, once `done` is open; a bug in it is raised again here."""
        ...


class Concurrency(Protocol):
    def latch(self) -> Latch: ...

    def first_of(self, latches: Sequence[Latch], within: Seconds | None) -> Awaitable[Latch | None]:
        """Waits until one is open and answers it (the first in order); None: `within` passed.

        Without latches: sleeps.
        """
        ...

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> Work[T]: ...
