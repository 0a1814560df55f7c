"""Ending what the OCI runtime has of a container.

runc is asked as soon as the init has ended, beside the news of it: a client needs as long to
ask for the Delete as runc to forget, so the Delete finds this part done. Until the Delete all
answers about the container come from memory and from its unit, which keeps the exit.
"""

from returns.result import Result

from domain import limits
from domain.outcome import failed
from domain.refusal import DeadlinePassed, Refusal, RuncFailed
from domain.shim import Shim
from domain.task import Container


def forget_early(shim: Shim, container: Container) -> None:
    """Nobody waits for it but a Delete, which asks again if this fails."""
    container.forgetting = shim.ports.concurrency.spawn(
        f"runc forgets {container.owner}", _forget(shim, container)
    )


async def forget_container(shim: Shim, container: Container) -> Refusal | None:
    """runc knows the container no more; else why it still may."""
    early, container.forgetting = container.forgetting, None
    if early is not None:
        await shim.ports.concurrency.first_of((early.done,), None)
        if not failed(early.outcome()):
            return None
    removed = await _forget(shim, container)
    if not failed(removed):
        return None
    why = removed.failure()
    return RuncFailed("delete", why.reason) if isinstance(why, RuncFailed) else why


async def _forget(shim: Shim, container: Container) -> Result[None, RuncFailed | DeadlinePassed]:
    removed = await shim.ports.runc.delete(container.target(), limits.RUNC)
    if not failed(removed):
        # The container's own cgroup is runc's to remove; on v1 the one around it is nobody's.
        unit_cgroup = container.cgroup.rpartition("/")[0]
        swept = await shim.ports.cgroups.remove(unit_cgroup)
        if failed(swept):
            shim.lost(f"{unit_cgroup} is left", container.owner, swept.failure())
    return removed
