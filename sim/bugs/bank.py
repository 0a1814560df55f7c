"""The bug bank: mistakes that shims and runtimes have made, to see whether a seed finds each."""

from typing import Final

from sim.bugs import (
    creates,
    deletes,
    events,
    exits,
    identity,
    processes,
    recovery,
    starts,
    units,
    waits,
)
from sim.bugs.bug import Bug

BANK: Final[tuple[Bug, ...]] = (
    *exits.BUGS,
    *starts.BUGS,
    *creates.BUGS,
    *deletes.BUGS,
    *events.BUGS,
    *recovery.BUGS,
    *units.BUGS,
    *processes.BUGS,
    *identity.BUGS,
    *waits.BUGS,
)


def named(name: str) -> Bug | None:
    return next((bug for bug in BANK if bug.name == name), None)
