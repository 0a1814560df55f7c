"""What the rules ask of the kernel about a process that systemd does not know."""

from dataclasses import dataclass
from typing import Protocol

from returns.result import Result

from domain.identity import Pid
from domain.refusal import ProcessGone


@dataclass(frozen=True, slots=True)
class Program:
    """A process that no later one with its pid can be taken for (F29, S9)."""

    pid: Pid
    started_ticks: int  # /proc/PID/stat, field 22


class Processes(Protocol):
    async def identify(self, pid: Pid, cgroup: str) -> Result[Program, ProcessGone]:
        """Who has this pid now; nobody, if it is not in `cgroup` or below (S9)."""
        ...

    async def signal(self, program: Program, signal: int) -> Result[None, ProcessGone]:
        """Signals this very process, by pidfd; a zombie counts as gone."""
        ...
