"""What the rules ask of the OCI runtime, once systemd has run its `create`."""

from dataclasses import dataclass
from typing import Protocol

from returns.result import Result

from domain.identity import ContainerKey, Pid
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, RuncFailed


@dataclass(frozen=True, slots=True)
class RuncTarget:
    """A container as its runtime knows it."""

    owner: ContainerKey
    binary: str
    root: str  # namespace included
    bundle: str
    log: str
    debug: bool


@dataclass(frozen=True, slots=True)
class RuncState:
    """`runc state`: created, running, paused or stopped; pid 0 when stopped."""

    status: str
    pid: Pid


class Runc(Protocol):
    """DeadlinePassed says nothing of the container: the command may have done its work."""

    async def start(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """Lets the process that `create` paused run its program."""
        ...

    async def state(
        self, target: RuncTarget, within: Seconds
    ) -> Result[RuncState, RuncFailed | DeadlinePassed]: ...

    async def pause(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]: ...

    async def resume(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]: ...

    async def pids(
        self, target: RuncTarget, within: Seconds
    ) -> Result[tuple[Pid, ...], RuncFailed | DeadlinePassed]:
        """All processes of the container, as host pids."""
        ...

    async def delete(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """Forgets the container, killing what is left of it; unknown to runc is a success."""
        ...

    async def last_error(self, log: str) -> str | None:
        """The reason in runc's own words, from its log; None if it wrote none."""
        ...
