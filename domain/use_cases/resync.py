"""Now and then everything is looked at again, for what no signal told (F56, L5)."""

from domain import limits
from domain.refusal import CallerGone
from domain.shim import Shim
from domain.use_cases.create import undo
from domain.use_cases.exits import look_at


async def resync(shim: Shim) -> None:
    """Runs for the daemon's life."""
    while True:
        await shim.ports.concurrency.first_of((), limits.RESYNC)
        remnants, shim.remnants = shim.remnants, []
        for container in remnants:
            await undo(shim, container, CallerGone("create"))
        look_at(shim, tuple(shim.tracked(None)))
