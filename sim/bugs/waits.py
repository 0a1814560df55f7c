"""Waits without an end of their own."""

from typing import Final

from domain import limits
from domain.limits import Seconds
from sim.bugs.bug import At, Bug
from sim.world import units

NEVER: Final = Seconds(1e9)

BUGS: Final = (
    Bug(
        "no-limit-for-a-start",
        "what the client does not limit nobody does: a start job's lost answer is waited for",
        "D46",
        (At(limits, "START_ANSWER", NEVER),),
    ),
    Bug(
        "no-limit-for-the-bus",
        "a systemd that does not answer is waited for",
        "F89",
        (At(units, "BUS", NEVER),),
    ),
    Bug(
        "no-limit-for-runc",
        "a runc that hangs is waited for",
        "F102",
        (At(limits, "RUNC", NEVER),),
    ),
)
