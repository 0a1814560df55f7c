"""Faults as data: at which port call, what goes wrong, and how often.

A verdict is asked for at each port call; coverage, replay and the table in docs come from
the same tuple. A run draws a subset of the catalogue and ends all of it at a time T0, after
which everything must come right (liveness).
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from sim.choices import Choices


class At(Enum):
    """The places where the world is asked something."""

    UNIT_START = auto()
    UNIT_READ = auto()
    UNIT_KILL = auto()
    UNIT_STOP = auto()
    UNIT_RELEASE = auto()
    UNIT_ADOPT = auto()
    UNIT_LIST = auto()
    HINT = auto()
    SIGCHLD = auto()
    RUNC_CREATE = auto()
    RUNC_EXEC = auto()
    RUNC_START = auto()
    RUNC_STATE = auto()
    RUNC_FREEZE = auto()
    RUNC_DELETE = auto()
    RUNC_LIST = auto()
    BUNDLE = auto()
    RECORD_SAVE = auto()
    RECORD_REMOVE = auto()
    RECORD_READ = auto()
    MOUNT = auto()
    UNMOUNT = auto()
    STDIO = auto()
    CONSOLE = auto()
    THAW = auto()
    PROCESS = auto()
    PUBLISH = auto()


class Does(Enum):
    """What becomes of a call."""

    FAILS_BEFORE = auto()  # nothing was done, and it says so
    FAILS_AFTER = auto()  # everything was done, and it says that it was not
    LATE = auto()  # done, after a time in which others get impatient
    NEVER_ARRIVES = auto()  # news that is lost


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the catalogue; `number` is of the table in docs/faults.md."""

    number: str
    at: At
    does: Does
    rate: float = 0.1


CATALOGUE: Final = (
    Fault("F50", At.UNIT_START, Does.FAILS_BEFORE),
    Fault("F52", At.UNIT_START, Does.FAILS_AFTER),
    Fault("F88", At.UNIT_START, Does.LATE),
    Fault("F87", At.UNIT_READ, Does.FAILS_BEFORE),
    Fault("F88", At.UNIT_READ, Does.LATE),
    Fault("F94", At.UNIT_KILL, Does.FAILS_BEFORE),
    Fault("F55", At.UNIT_STOP, Does.FAILS_AFTER),
    Fault("F89", At.UNIT_STOP, Does.FAILS_BEFORE),
    Fault("F90", At.UNIT_RELEASE, Does.FAILS_BEFORE),
    Fault("F46", At.HINT, Does.NEVER_ARRIVES, 0.5),
    Fault("F70", At.SIGCHLD, Does.LATE, 0.3),
    Fault("F101", At.RUNC_CREATE, Does.FAILS_BEFORE),
    Fault("F101", At.RUNC_EXEC, Does.FAILS_BEFORE),
    Fault("F101", At.RUNC_START, Does.FAILS_AFTER),
    Fault("F104", At.RUNC_START, Does.FAILS_BEFORE),
    Fault("F102", At.RUNC_START, Does.LATE),
    Fault("F105", At.RUNC_DELETE, Does.FAILS_BEFORE),
    Fault("F103", At.RUNC_LIST, Does.FAILS_BEFORE),
    Fault("F102", At.RUNC_FREEZE, Does.FAILS_AFTER),
    Fault("F116", At.RECORD_SAVE, Does.FAILS_BEFORE),
    Fault("F106", At.UNMOUNT, Does.FAILS_BEFORE, 0.3),
    Fault("F106", At.MOUNT, Does.FAILS_BEFORE),
    Fault("F45", At.STDIO, Does.FAILS_BEFORE),
    Fault("F11", At.PUBLISH, Does.LATE, 0.3),
    Fault("F11", At.PUBLISH, Does.FAILS_AFTER),
)

# A late answer comes after so long, in virtual seconds.
LATE_S: Final = (0.5, 45.0)


@dataclass(slots=True)
class Faults:
    """The switches of one run."""

    choices: Choices
    active: tuple[Fault, ...] = ()
    ended: bool = False  # T0 has passed
    fired: dict[str, int] = field(default_factory=dict)

    def draw_some(self, catalogue: tuple[Fault, ...]) -> None:
        """Swarm testing: each fault is on in half of the runs."""
        self.active = tuple(fault for fault in catalogue if self.choices.happens(0.5))

    def verdict(self, at: At) -> Does | None:
        """What happens to this call; None: nothing special."""
        if self.ended:
            return None
        for fault in self.active:
            if fault.at is at and self.choices.happens(fault.rate):
                self.fired[fault.number] = self.fired.get(fault.number, 0) + 1
                return fault.does
        return None

    def lateness(self) -> float:
        return self.choices.between(*LATE_S)
