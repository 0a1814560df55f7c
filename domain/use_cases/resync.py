"""Now and then everything is looked at again, for what no signal told (F56, L5)."""

from domain import limits
from domain.shim import Shim
from domain.use_cases.create import clear_remnants
from domain.use_cases.departed import let_the_rest_leave
from domain.use_cases.exits import look_at
from domain.use_cases.hold import hold_the_rest
from domain.use_cases.keep import forget_the_rest


async def resync(shim: Shim) -> None:
    """Runs for the daemon's life."""
    while True:
        await shim.ports.concurrency.first_of((), limits.RESYNC)
        await clear_remnants(shim)
        await forget_the_rest(shim)
        await hold_the_rest(shim)
        for container in shim.containers.values():
            let_the_rest_leave(shim, container)
        look_at(shim, tuple(shim.tracked(None)))
