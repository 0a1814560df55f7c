"""The time of day, for what people read; waiting has limits of its own (F122)."""

from typing import Protocol

from domain.exit_status import Timestamp


class Clock(Protocol):
    def now(self) -> Timestamp: ...
