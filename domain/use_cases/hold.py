"""Holding the units that a former daemon has started: tracked, with a reference of our own."""

from domain.outcome import failed
from domain.refusal import NoSuchUnit
from domain.shim import Shim
from domain.task import Container, Process


async def hold(shim: Shim, container: Container, process: Process) -> None:
    """Tries once; where that fails `resync` tries again, since a stop would lose the status."""
    shim.track(container, process)
    adopted = await shim.ports.units.adopt(process.ref)
    if failed(adopted) and not isinstance(adopted.failure(), NoSuchUnit):
        shim.lost(f"{process.unit} has no reference", process.key, adopted.failure())
        shim.unheld.append((container, process))


async def hold_the_rest(shim: Shim) -> None:
    """Tries again where it failed, unless the unit has been let go since."""
    rest, shim.unheld = shim.unheld, []
    for container, process in rest:
        if (container, process) in shim.tracked(process.unit):
            await hold(shim, container, process)
