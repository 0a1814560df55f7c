"""Steps whose order nobody can see, and the one order that the world keeps by itself.

A step that reads and changes nothing but its own frame commutes with every step of anybody
else: whether it comes now or later, the same states follow. Such a step is taken at once, and
none of the orders in which it might have come is tried (a persistent set of one, as partial
order reduction has it). It always leads on, so nobody is put off for ever by it. Which steps
these are is known by their code:

* the first step of a port's call that is a task of its own: it asks for its verdict and sets
  off; what it does, it does when it arrives. The same holds of a program that is let run and
  of SIGCHLD on its way to PID 1. That a fault may strike it changes nothing: it can be the only
  one or not whenever the step comes;
* `together` turning from one work that is done to the next one;
* a client with its answer: its calls are nobody else's, and the next one comes to the shim as
  a task, which may wait as long as it likes. (So a client is never slow to notice an answer.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import CodeType, CoroutineType, FrameType
from typing import Any, Final

from domain.use_cases.resync import resync
from domain.use_cases.together import together
from sim.check.walk import chain
from sim.incarnation import Incarnation
from sim.scheduler import Task, sleep
from sim.world.disk import FakeBundles, FakeRecords
from sim.world.host import FakeMounts
from sim.world.kernel import Kernel
from sim.world.runtime import FakeRunc
from sim.world.streams import FakeFifos
from sim.world.systemd import Systemd
from sim.world.terminals import FakeTerminals
from sim.world.world import World

CLIENTS: Final = "client"
# Their first steps only set off.
SET_OFF: Final[frozenset[CodeType]] = frozenset(
    function.__code__
    for function in (
        FakeBundles.facts,
        FakeBundles.place,
        FakeBundles.remove_exec,
        FakeRecords.remove,
        FakeMounts.mount,
        FakeMounts.unmount,
        FakeRunc.delete,
        FakeFifos.drain,
        FakeFifos.close,
        FakeTerminals.drain,
        FakeTerminals.close,
        Kernel._run,  # noqa: SLF001 (the world's own tasks have no other name)
        Systemd._sigchld,  # noqa: SLF001
        Incarnation._boot,  # noqa: SLF001
        resync,
    )
)
ON_THE_BUS: Final = (World.post.__code__, World._carry.__code__)  # noqa: SLF001
TOGETHER: Final = together.__code__
SLEEP: Final = sleep.__code__


@dataclass(frozen=True, slots=True)
class Next:
    """What is known of a task's next step. `arrives`: of a call on its way over the bus, when."""

    commutes: bool
    arrives: float | None

    @classmethod
    def of(cls, task: Task[Any]) -> "Next":
        frames = tuple(chain(task.work))
        return cls(task.group == CLIENTS or _commutes(task.work, frames), _arrives(frames))


def _commutes(work: object, frames: tuple[FrameType, ...]) -> bool:
    if isinstance(work, CoroutineType) and not work.cr_suspended:
        return work.cr_code in SET_OFF
    for frame in frames:
        if frame.f_code is TOGETHER:
            named = frame.f_locals
            return "work" in named and named["work"] is not named["works"][-1]
    return False


def _arrives(frames: tuple[FrameType, ...]) -> float | None:
    for frame, below in zip(frames, (*frames[1:], None), strict=True):
        if frame.f_code in ON_THE_BUS:
            on_its_way = below is None or below.f_code is SLEEP
            named = frame.f_locals
            return named.get("arrives") if on_its_way and "carrier" not in named else None
    return None


def in_turn(nexts: Sequence[Next]) -> list[int]:
    """The places of those who may go on: of the calls on the bus only the one that was sent first.

    Arrival times keep them in order where time passes (world.Line); here none does.
    """
    arrivals = [each.arrives for each in nexts if each.arrives is not None]
    first = min(arrivals, default=None)
    return [at for at, each in enumerate(nexts) if each.arrives is None or each.arrives == first]
