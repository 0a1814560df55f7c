"""Faults as data: at which call or happening, what goes wrong, and how often.

A verdict is asked for at each of them; coverage, replay and the table in docs come from the
same tuple. A run draws a subset of the catalogue and ends all of it at a time T0, after which
everything must come right (liveness).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from sim.choices import Choices


class At(Enum):
    """The places where the world is asked something, or does something by itself."""

    UNIT_START = auto()
    UNIT_READ = auto()
    UNIT_KILL = auto()
    UNIT_STOP = auto()
    UNIT_RELEASE = auto()
    UNIT_ADOPT = auto()
    UNIT_LIST = auto()
    JOB = auto()
    JOB_END = auto()
    SPAWN = auto()
    READY = auto()
    PID_FILE = auto()
    GO_DOWN = auto()
    HINT = auto()
    BUS = auto()
    SIGCHLD = auto()
    FORK = auto()
    DEATH = auto()
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
    READER = auto()
    PUBLISH = auto()
    # What befalls the machine by itself, once in a run (sim/upheavals.py).
    CONTAINERD = auto()
    BUS_RESTART = auto()
    RELOAD = auto()
    REEXEC = auto()
    LEFT_OVER = auto()
    RUNC_ROOT = auto()
    FULL_DISK = auto()
    OUT_OF_MEMORY = auto()
    NEIGHBOUR = auto()
    WALL_CLOCK = auto()

    # Members are singletons, so their identity will do; by their names it takes six times as long.
    __hash__ = object.__hash__


class Does(Enum):
    """What becomes of a call."""

    FAILS_BEFORE = auto()  # nothing was done, and it says so
    FAILS_AFTER = auto()  # everything was done, and it says that it was not
    LATE = auto()  # it arrives after a time in which others get impatient
    ANSWERS_LATE = auto()  # it is done at once, and the answer takes that time
    NEVER_ARRIVES = auto()  # nothing was done, and nobody says so
    NEVER_ANSWERS = auto()  # everything was done, and nobody says so
    REPEATS = auto()  # it comes, and comes again when its time has passed
    REUSES = auto()  # it gets what somebody else has just let go


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the catalogue; `number` is of the list of real failures in docs/faults.md."""

    number: str
    at: At
    does: Does
    rate: float = 0.1

    @property
    def name(self) -> str:
        """As people read it, and as its draws are recorded: `F90 unit start fails after`."""
        return (
            f"{self.number} {self.at.name} {self.does.name}".replace("_", " ").lower().capitalize()
        )


# Of the faults that are on in a run: none, a few (then an invariant may be the sharper), most.
SHARES: Final = (0.0, 0.03, 0.1, 0.3, 0.5)
NEARLY_ALWAYS: Final = 0.9

CATALOGUE: Final = (
    # The bus.
    Fault("F94", At.UNIT_START, Does.FAILS_BEFORE),
    Fault("F90", At.UNIT_START, Does.FAILS_AFTER),
    Fault("F87", At.UNIT_READ, Does.FAILS_BEFORE),
    Fault("F94", At.UNIT_KILL, Does.FAILS_BEFORE),
    Fault("F90", At.UNIT_KILL, Does.FAILS_AFTER),
    Fault("F94", At.UNIT_STOP, Does.FAILS_BEFORE),
    Fault("F55", At.UNIT_STOP, Does.FAILS_AFTER),
    Fault("F90", At.UNIT_RELEASE, Does.FAILS_BEFORE),
    Fault("F55", At.UNIT_RELEASE, Does.FAILS_AFTER),
    Fault("F90", At.UNIT_ADOPT, Does.FAILS_BEFORE, 0.3),
    Fault("F55", At.UNIT_ADOPT, Does.FAILS_AFTER, 0.3),
    Fault("F56", At.HINT, Does.NEVER_ARRIVES, 0.5),
    Fault("F91", At.HINT, Does.LATE, 0.3),
    Fault("F97", At.HINT, Does.REPEATS, 0.3),
    Fault("F92", At.BUS, Does.FAILS_BEFORE, 0.2),
    Fault("F98", At.BUS_RESTART, Does.LATE, 1.0),
    # systemd.
    Fault("F88", At.UNIT_START, Does.LATE),
    Fault("F89", At.UNIT_START, Does.NEVER_ARRIVES, 0.02),
    Fault("F58", At.UNIT_START, Does.NEVER_ANSWERS, 0.05),
    Fault("F88", At.UNIT_READ, Does.LATE),
    Fault("F89", At.UNIT_READ, Does.NEVER_ARRIVES, 0.02),
    Fault("F88", At.UNIT_KILL, Does.LATE),
    Fault("F89", At.UNIT_KILL, Does.NEVER_ANSWERS, 0.02),
    Fault("F88", At.UNIT_STOP, Does.LATE),
    Fault("F58", At.UNIT_STOP, Does.NEVER_ANSWERS, 0.05),
    Fault("F88", At.UNIT_RELEASE, Does.LATE),
    Fault("F89", At.UNIT_RELEASE, Does.NEVER_ANSWERS, 0.02),
    Fault("F59", At.JOB, Does.FAILS_AFTER, 0.05),
    Fault("F60", At.JOB, Does.FAILS_BEFORE, 0.05),
    Fault("F50", At.JOB, Does.NEVER_ARRIVES, 0.05),
    Fault("F50", At.JOB, Does.NEVER_ANSWERS),
    Fault("F53", At.JOB_END, Does.NEVER_ARRIVES, 0.3),
    Fault("F86", At.SPAWN, Does.FAILS_BEFORE, 0.05),
    Fault("F67", At.READY, Does.LATE, 0.2),
    Fault("F64", At.PID_FILE, Does.LATE, 0.1),
    Fault("F64", At.PID_FILE, Does.NEVER_ARRIVES, 0.05),
    Fault("F70", At.SIGCHLD, Does.LATE, 0.3),
    Fault("F70", At.GO_DOWN, Does.LATE, 0.2),
    Fault("F77", At.RELOAD, Does.LATE, 1.0),
    Fault("F54", At.REEXEC, Does.LATE, 1.0),
    Fault("F49", At.LEFT_OVER, Does.FAILS_BEFORE, 0.5),
    # runc.
    Fault("F101", At.RUNC_CREATE, Does.FAILS_BEFORE),
    Fault("F101", At.RUNC_CREATE, Does.FAILS_AFTER),
    Fault("F52", At.RUNC_CREATE, Does.LATE),
    Fault("F107", At.RUNC_CREATE, Does.NEVER_ARRIVES, 0.05),
    Fault("F83", At.RUNC_EXEC, Does.FAILS_BEFORE),
    Fault("F101", At.RUNC_EXEC, Does.FAILS_AFTER),
    Fault("F102", At.RUNC_EXEC, Does.LATE),
    Fault("F102", At.RUNC_EXEC, Does.NEVER_ARRIVES, 0.05),
    Fault("F104", At.RUNC_START, Does.FAILS_BEFORE),
    Fault("F101", At.RUNC_START, Does.FAILS_AFTER),
    Fault("F102", At.RUNC_START, Does.LATE),
    Fault("F102", At.RUNC_START, Does.NEVER_ANSWERS),
    Fault("F83", At.RUNC_STATE, Does.FAILS_BEFORE),
    Fault("F103", At.RUNC_STATE, Does.LATE),
    Fault("F103", At.RUNC_STATE, Does.NEVER_ARRIVES),
    Fault("F83", At.RUNC_LIST, Does.FAILS_BEFORE, 0.5),
    Fault("F103", At.RUNC_LIST, Does.NEVER_ARRIVES, 0.5),
    Fault("F83", At.RUNC_FREEZE, Does.FAILS_BEFORE, 0.2),
    Fault("F102", At.RUNC_FREEZE, Does.NEVER_ANSWERS, 0.2),
    Fault("F102", At.RUNC_FREEZE, Does.FAILS_AFTER, 0.2),
    Fault("F105", At.RUNC_DELETE, Does.FAILS_BEFORE, 0.3),
    Fault("F101", At.RUNC_DELETE, Does.FAILS_AFTER),
    Fault("F103", At.RUNC_DELETE, Does.NEVER_ARRIVES, 0.05),
    Fault("F104", At.RUNC_ROOT, Does.FAILS_BEFORE, 1.0),
    # The kernel, the disk and the streams.
    Fault("F29", At.FORK, Does.REUSES, 0.5),
    Fault("F28", At.NEIGHBOUR, Does.REUSES, 1.0),
    Fault("F100", At.THAW, Does.FAILS_BEFORE),
    Fault("F102", At.DEATH, Does.LATE, 0.3),
    Fault("F81", At.OUT_OF_MEMORY, Does.FAILS_BEFORE, 1.0),
    Fault("F122", At.WALL_CLOCK, Does.FAILS_BEFORE, 1.0),
    Fault("F116", At.BUNDLE, Does.FAILS_BEFORE, 0.02),
    Fault("F116", At.RECORD_SAVE, Does.FAILS_BEFORE),
    Fault("F116", At.RECORD_SAVE, Does.FAILS_AFTER, 0.05),
    Fault("F116", At.RECORD_REMOVE, Does.FAILS_BEFORE),
    Fault("F116", At.FULL_DISK, Does.LATE, 1.0),
    Fault("F116", At.MOUNT, Does.FAILS_BEFORE),
    Fault("F106", At.UNMOUNT, Does.FAILS_BEFORE, 0.3),
    Fault("F37", At.STDIO, Does.FAILS_BEFORE),
    Fault("F45", At.STDIO, Does.LATE),
    Fault("F38", At.READER, Does.LATE, 0.3),
    Fault("F36", At.READER, Does.FAILS_BEFORE, 0.3),
    Fault("F44", At.CONSOLE, Does.FAILS_BEFORE),
    # containerd.
    Fault("F11", At.PUBLISH, Does.LATE, 0.3),
    Fault("F11", At.PUBLISH, Does.FAILS_AFTER),
    Fault("F11", At.CONTAINERD, Does.LATE, 1.0),
)

# A late answer comes after so long, in virtual seconds.
LATE_S: Final = (0.5, 45.0)


@dataclass(slots=True)
class Faults:
    """The switches of one run."""

    choices: Choices
    # By place, each with the name in which it draws.
    active: dict[At, tuple[tuple[str, Fault], ...]] = field(default_factory=dict)
    ended: bool = False  # T0 has passed
    fired: dict[str, int] = field(default_factory=dict)
    # Told of each fault that fires.
    heard: Callable[[Fault], None] | None = None

    def draw_some(self, catalogue: tuple[Fault, ...], often: frozenset[At] = frozenset()) -> None:
        """Swarm testing: each fault is on in a part of the runs, from none at all to most.

        Those at places that are named are on in nearly all.

        Each draws in its own name, here and when it is its turn: a fault more or less, in the
        catalogue or in a recording, moves no other draw.
        """
        share = self.choices.one_of(SHARES)
        for fault in catalogue:
            name = fault.name
            self.choices.by = name
            if self.choices.happens(NEARLY_ALWAYS if fault.at in often else share):
                self.active[fault.at] = (*self.active.get(fault.at, ()), (name, fault))

    def verdict(self, at: At) -> Does | None:
        """What happens to this call; None: nothing special."""
        active = self.active.get(at)
        if active is None or self.ended:
            return None
        choices = self.choices
        mine = choices.by
        for name, fault in active:
            choices.by = f"{name} in {mine}"
            fires = choices.happens(fault.rate)
            choices.by = mine
            if fires:
                self.fired[fault.number] = self.fired.get(fault.number, 0) + 1
                if self.heard is not None:
                    self.heard(fault)
                return fault.does
        return None

    def lateness(self) -> float:
        """How late a late one is, in seconds."""
        return self.choices.between(*LATE_S)
