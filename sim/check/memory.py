"""Which states have been reached, and with how much still to come."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple


class Ahead(NamedTuple):
    """What may still happen from a state, and what has struck so far."""

    faults: int
    crashes: int
    struck: frozenset[str]

    def covers(self, other: "Ahead") -> bool:
        """All that can come of the other has been tried from here, and judged as strictly.

        Some invariants excuse what a fault that has struck explains.
        """
        return (
            self.faults >= other.faults
            and self.crashes >= other.crashes
            and self.struck <= other.struck
        )


class Arrival(Enum):
    NEW = auto()
    KNOWN = auto()
    CIRCLE = auto()  # time has passed, and the same path was here before


@dataclass(slots=True)
class Memory:
    """By digest. `count` is of states to go on from: one that is reached again with more still to
    come than before counts again, since it is gone through again.
    """

    count: int = 0
    _reached: dict[bytes, list[Ahead]] = field(default_factory=dict)
    # Of the path so far: after how many decisions, and on which line of time's grid.
    _path: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def look(self, digest: bytes, ahead: Ahead, line: int) -> Arrival:
        if not any(before.covers(ahead) for before in self._reached.get(digest, ())):
            return Arrival.NEW
        here = self._path.get(digest)
        return Arrival.CIRCLE if here is not None and here[1] < line else Arrival.KNOWN

    def add(self, digest: bytes, ahead: Ahead, depth: int, line: int) -> None:
        self._reached.setdefault(digest, []).append(ahead)
        self._path[digest] = (depth, line)
        self.count += 1

    def go_back(self, depth: int) -> None:
        """The path keeps only so many of its decisions."""
        self._path = {
            digest: (after, line) for digest, (after, line) in self._path.items() if after <= depth
        }
