"""How a process ended: systemd's ExecMainCode and ExecMainStatus as containerd's number."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NewType

ExitStatus = NewType("ExitStatus", int)
# Nanoseconds since 1970, as containerd's Timestamp carries them; systemd tells microseconds.
Timestamp = NewType("Timestamp", int)

NS_PER_US: Final = 1_000
SIGNALLED: Final = 128
# What clients themselves show for a status that nobody knows; never 0, which would read as
# success (F34, S6), and never 137, which would read as an OOM kill.
UNKNOWN: Final = ExitStatus(255)
NEVER: Final = Timestamp(0)


class MainCode(IntEnum):
    """ExecMainCode: waitid(2)'s si_code; NONE while the main process lives or never lived."""

    NONE = 0
    EXITED = 1
    KILLED = 2
    DUMPED = 3


@dataclass(frozen=True, slots=True)
class Exit:
    """A process's end as it is told everywhere: once told it never changes (S7)."""

    status: ExitStatus
    at: Timestamp


def exit_status(code: int, status: int) -> ExitStatus:
    """containerd's status: the program's own, or 128 + the signal that ended it.

    `code` and `status` are ExecMainCode and ExecMainStatus. The status alone means two things
    (a program's 9 and the signal 9), which once gave one kill two numbers (D11).
    """
    match code:
        case MainCode.EXITED:
            return ExitStatus(status)
        case MainCode.KILLED | MainCode.DUMPED:
            return ExitStatus(SIGNALLED + status)
        case _:
            return UNKNOWN
