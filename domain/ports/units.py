"""What the rules ask of systemd: one unit for each process."""

from typing import Protocol

from returns.result import Result

from domain.limits import Seconds
from domain.refusal import DeadlinePassed, NoSuchUnit, SystemdAway, UnitExists, UnitFailed
from domain.unit import JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName


class Units(Protocol):
    """Answers are systemd's; hints only say where to look again."""

    async def start(
        self, definition: UnitDefinition, within: Seconds
    ) -> Result[JobResult, UnitExists | UnitFailed | SystemdAway | DeadlinePassed]:
        """Starts a transient unit (mode `replace`) and waits for the job's end.

        From the call on the unit is tracked: a reference is held, so that it stays loaded
        until `release`, and its changes come as hints. UnitFailed: systemd refused the
        definition, nothing was started. SystemdAway and DeadlinePassed: it may run or not.
        """
        ...

    async def read(
        self, unit: UnitRef
    ) -> Result[UnitState, NoSuchUnit | SystemdAway | DeadlinePassed]:
        """The unit as it is now; never loads a unit that is gone (F97).

        With an invocation in `unit`: that incarnation only, else NoSuchUnit.
        """
        ...

    async def kill(
        self, unit: UnitRef, whom: Whom, signal: int
    ) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        """Signals processes of the unit; that nobody was left is a success."""
        ...

    async def stop(
        self, unit: UnitRef, within: Seconds
    ) -> Result[JobResult, NoSuchUnit | SystemdAway | DeadlinePassed]:
        """Stops the unit and waits for the job: KillMode and the stop timeout apply."""
        ...

    async def release(self, unit: UnitRef) -> Result[None, SystemdAway | DeadlinePassed]:
        """Forgets a failed state, gives the reference back, ends the tracking.

        Once released, an ended unit is collected and its name is free. Repeatable.
        """
        ...

    async def adopt(self, unit: UnitRef) -> Result[None, NoSuchUnit | SystemdAway | DeadlinePassed]:
        """Tracks a unit that another incarnation of the daemon started, with a new reference."""
        ...

    async def ours(self) -> Result[tuple[UnitName, ...], SystemdAway | DeadlinePassed]:
        """The loaded units that have our prefix, whoever started them."""
        ...

    async def hint(self) -> UnitName | None:
        """Waits until a tracked unit may have changed: that one, or None for "any of them".

        None comes after each reconnect. Hints of one unit coalesce; none is the truth.
        """
        ...
