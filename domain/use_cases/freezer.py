"""Thawing what is to die: a frozen process on cgroup v1 does not even die of KILL (F99)."""

from domain.outcome import failed
from domain.shim import Shim
from domain.task import Container, Process


async def thaw(shim: Shim, container: Container, killed: Process) -> None:
    """Whoever froze it: a pause whose answer was lost has left no trace in the phase.

    runc would thaw it, too, but may have lost it (F104).
    """
    thawed = await shim.ports.cgroups.thaw(container.cgroup)
    if failed(thawed):
        shim.lost("a killed process stays frozen", killed.key, thawed.failure())
