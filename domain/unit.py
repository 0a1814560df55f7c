"""What the rules know of a systemd unit: which one, what job, what state."""

from dataclasses import dataclass
from enum import Enum
from typing import NewType

from domain.exit_status import NS_PER_US, Exit, MainCode, Timestamp, exit_status
from domain.identity import Pid
from domain.unit_name import UnitName

# 32 hex digits, new at each start of a unit: what tells today's unit from yesterday's (S21).
InvocationId = NewType("InvocationId", str)


class JobResult(Enum):
    """How a job ended (org.freedesktop.systemd1(5), JobRemoved)."""

    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"
    TIMEOUT = "timeout"
    DEPENDENCY = "dependency"
    SKIPPED = "skipped"


class Whom(Enum):
    """Which processes of a unit a signal is for (KillUnit)."""

    MAIN = "main"
    ALL = "all"


class Activity(Enum):
    """ActiveState, the part of it that matters here."""

    STARTING = "activating"
    ACTIVE = "active"
    STOPPING = "deactivating"
    INACTIVE = "inactive"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class UnitRef:
    """One incarnation of a unit; without an invocation: whichever has the name now."""

    name: UnitName
    invocation: InvocationId | None = None


@dataclass(frozen=True, slots=True)
class UnitState:
    """One reading of a unit, all fields from the same incarnation."""

    ref: UnitRef
    activity: Activity
    main_pid: Pid  # 0 when there is none (any more)
    main_code: int  # ExecMainCode
    main_status: int  # ExecMainStatus
    exited_at_us: int  # ExecMainExitTimestamp, microseconds since 1970, 0 before the exit

    @property
    def exit(self) -> Exit | None:
        """The main process's end; None while it lives or if there never was one.

        ActiveState and Result say nothing here: an exit of 0 and a death by TERM both leave
        `active` (RemainAfterExit), and a stop by an administrator leaves `inactive`.
        """
        if self.main_code == MainCode.NONE:
            return None
        at = Timestamp(self.exited_at_us * NS_PER_US)
        return Exit(exit_status(self.main_code, self.main_status), at)

    @property
    def is_starting(self) -> bool:
        """A start job is at work on it."""
        return self.activity is Activity.STARTING

    @property
    def is_over(self) -> bool:
        """Nothing of the unit runs and no job will change that."""
        return self.activity in {Activity.INACTIVE, Activity.FAILED}
