"""Letting a process's unit go: stopped, and released, so that systemd forgets it."""

from returns.result import Failure, Success

from domain import limits
from domain.refusal import NoSuchUnit
from domain.shim import Shim
from domain.task import Process


async def let_go(shim: Shim, process: Process) -> bool:
    """Stops and releases the unit of a process that has ended; False if it may still be there."""
    ref = process.ref
    stopped = await shim.ports.units.stop(ref, limits.RELEASE)
    # It may fail on its way down, even one that has ended: something in D state may be left in its
    # cgroup (F102). A release forgets failures, so it comes last.
    released = await shim.ports.units.release(ref)
    clean = True
    for what, outcome in (("stopped", stopped), ("released", released)):
        match outcome:
            case Success() | Failure(NoSuchUnit()):
                pass
            case Failure(why):
                shim.lost(f"{ref.name} is not {what}", process.key, why)
                clean = False
    return clean
