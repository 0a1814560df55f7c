"""What the rules say to the operator."""

from enum import IntEnum
from typing import Protocol

from domain.identity import ContainerKey, ProcessKey


class Level(IntEnum):
    DEBUG = 10
    INFO = 20
    WARNING = 30
    ERROR = 40


class Log(Protocol):
    def write(self, level: Level, about: ProcessKey | ContainerKey | None, text: str) -> None:
        """Never blocks and never fails; `about` becomes fields of the journal entry."""
        ...
