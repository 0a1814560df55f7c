"""Now and then everything is looked at again, for what no signal told (F56, L5)."""

from domain import limits
from domain.shim import Shim
from domain.use_cases.create import clear_remnants
from domain.use_cases.exits import look_at


async def resync(shim: Shim) -> None:
    """Runs for the daemon's life."""
    while True:
        await shim.ports.concurrency.first_of((), limits.RESYNC)
        await clear_remnants(shim)
        look_at(shim, tuple(shim.tracked(None)))
