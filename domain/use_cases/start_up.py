"""How a daemon begins: with what the former one left, before anybody is answered."""

from domain.shim import Shim
from domain.use_cases.exits import watch
from domain.use_cases.recover import recover
from domain.use_cases.resync import resync


async def start_up(shim: Shim) -> None:
    """Returns when each task can be asked for; `watch` and `resync` go on beside.

    Hints are followed from the first moment on, not when all is found again: what one container
    has to wait for delays no exit of another (L11).
    """
    shim.ports.concurrency.spawn("watch", watch(shim))
    await recover(shim)
    shim.ports.concurrency.spawn("resync", resync(shim))
