"""The life of a process as one table; containers' inits and execs live by the same one.

created --START_CLAIMED--> starting --STARTED--> running <--PAUSED/RESUMED--> paused
   \\                          |                     |                          |
    +--------- EXITED --------+------- EXITED -------+--------- EXITED ---------+--> exited
    created, exited --RELEASED--> deleted

* Start is a *claim*: the step out of `created` happens before the first await, so of two
  starts one loses without a side effect (D04, S35).
* The step into `exited` happens once, whatever is heard afterwards, and is what publishes
  the exit (D16, S1).
* `starting` can be released by nothing but its exit: a Delete meanwhile is refused.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Phase(Enum):
    """What we know a process to be."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    EXITED = "exited"
    DELETED = "deleted"


class Heard(Enum):
    """What happened to it."""

    START_CLAIMED = auto()
    STARTED = auto()
    PAUSED = auto()
    RESUMED = auto()
    EXITED = auto()
    RELEASED = auto()


# A pair that is missing changes nothing: a client that asked for it is refused, news from
# systemd is old news. tests/domain/test_lifecycle.py tries every pair.
AFTER: Final[Mapping[tuple[Phase, Heard], Phase]] = {
    (Phase.CREATED, Heard.START_CLAIMED): Phase.STARTING,
    (Phase.CREATED, Heard.EXITED): Phase.EXITED,  # a paused init can be killed too (T151)
    (Phase.CREATED, Heard.RELEASED): Phase.DELETED,  # an exec that was never started (T179)
    (Phase.STARTING, Heard.STARTED): Phase.RUNNING,
    (Phase.STARTING, Heard.EXITED): Phase.EXITED,  # faster than runc's own answer (F04)
    (Phase.RUNNING, Heard.PAUSED): Phase.PAUSED,
    (Phase.RUNNING, Heard.EXITED): Phase.EXITED,
    (Phase.PAUSED, Heard.RESUMED): Phase.RUNNING,
    (Phase.PAUSED, Heard.EXITED): Phase.EXITED,  # killed while frozen (S29)
    (Phase.EXITED, Heard.RELEASED): Phase.DELETED,
}


def after(phase: Phase, heard: Heard) -> Phase | None:
    """The next phase, or None when what was heard has no place in this one."""
    return AFTER.get((phase, heard))
