"""The digest of a whole simulated world between two steps.

What it leaves out, and why nobody can tell the difference:

* how it came about: the story, the draws, the numbers of tasks and stays;
* who waits at a latch: that is in the frames of those who wait, and all who can go on are tried
  in every order, so the order of waking says nothing; a timer is kept with its task;
* when the last call on the bus arrived, where that is past;
* when containerd heard each event, and when a shim died: only the order of events is asked for
  (`got`), and the invariants are asked at the end of every path, and wherever one is cut. S1 asks
  how long after a death something is told again, too, and so of the paths alone that are played;
* what is kept for the invariants alone: which signals were sent, what was frozen or mounted, when
  a unit was loaded, what was asked of a client's streams; whoever asked for it is a frame or an
  answer, and those are there;
* the order of two clients' calls in the list of calls: their times are there;
* how many faults and crashes may still come, and which have struck: that is compared, not
  equal or unequal (memory.py).
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from sim.check.decisions import Decisions
from sim.check.faults import EveryFault
from sim.check.kinds import PLAIN, Handlers, object_handler
from sim.check.turns import EveryTurn
from sim.check.walk import Walk, chain
from sim.client import Call, Host
from sim.incarnation import Incarnation, Machine
from sim.scheduler import SimLatch, Task
from sim.world.disk import Disk
from sim.world.host import EventSink
from sim.world.kernel import Kernel, KernelProcess
from sim.world.pipes import Pipes
from sim.world.story import Story
from sim.world.unit import Unit
from sim.world.world import Line

# Nothing of them is part of a state, wherever they are met.
OUTSIDE: Final = (Decisions, EveryFault, EveryTurn, Story)
# And these of their instances.
KEPT_FOR_INVARIANTS: Final[tuple[tuple[type, frozenset[str]], ...]] = (
    (EventSink, frozenset({"at"})),
    (Kernel, frozenset({"freezes"})),
    (KernelProcess, frozenset({"signalled"})),
    (Unit, frozenset({"loaded_at"})),
    (Disk, frozenset({"mounts"})),
    (Pipes, frozenset({"drained", "lost", "resized", "stdin_closed"})),
    (Call, frozenset({"asked_step", "answered_step"})),
    (Machine, frozenset({"boots_at", "died_at"})),
    (Incarnation, frozenset({"_boots_at", "_died_at"})),
)


class States:
    """Writes states down: one for a whole exploration, since it learns the classes it meets."""

    def __init__(self) -> None:
        self._handlers = Handlers(PLAIN)
        for kind in OUTSIDE:
            self._handlers[kind] = partial(_as_a_word, kind.__qualname__)
        self._handlers[SimLatch] = object_handler(SimLatch, frozenset({"_scheduler", "waiting"}))
        for keeper, kept in KEPT_FOR_INVARIANTS:
            self._handlers[keeper] = object_handler(keeper, kept)
        self._handlers[Line] = _line
        self._handlers[Host] = _host

    def digest(self, host: Host, roots: Iterable[object]) -> bytes:
        """Of everything that can be reached from the host, the roots and whoever is under way."""
        scheduler = host.machine.world.scheduler
        if not isinstance(scheduler, EveryTurn):
            raise TypeError("a world whose turns are drawn has no states")
        self._handlers[Task] = _Tasks(scheduler).write
        walk = Walk(scheduler.now, self._handlers)
        walk.visit(host)
        for root in roots:
            walk.visit(root)
        walk.visit(scheduler.bugs)
        for task in sorted(scheduler.live, key=_place):
            walk.visit(task)
        return walk.digest()


def _as_a_word(word: str, walk: Walk, _: object) -> None:
    walk.token(word)


def _place(task: Task[Any]) -> list[object]:
    """An order of tasks that does not depend on their birth, as far as they differ."""
    return [
        task.group,
        task.name,
        *(f"{frame.f_code.co_qualname} {frame.f_lasti}" for frame in chain(task.work)),
    ]


def _host(walk: Walk, host: Host) -> None:
    walk.token("Host")
    if walk.is_new(host):
        walk.visit(host.machine)
        walk.visit(host.shim)
        for call in sorted(host.calls, key=lambda call: call.client):
            walk.visit(call)


def _line(walk: Walk, line: Line) -> None:
    """Later calls arrive no earlier than this; where it is past that says nothing."""
    walk.token("Line")
    walk.until(line._last)  # noqa: SLF001


class _Tasks:
    """Tasks as they are now: who could go on and why, and who waits for a time."""

    def __init__(self, scheduler: EveryTurn) -> None:
        self._woken = {id(task): by for task, by in scheduler.runnable}
        self._dues = scheduler.dues()

    def write(self, walk: Walk, task: Task[Any]) -> None:
        walk.token("Task")
        if not walk.is_new(task):
            return
        walk.token((task.name, task.group, task.dropped, repr(task.bug)))
        walk.visit(task.done)
        walk.visit(task.result)
        if task.dropped or task.done.is_open:
            return
        if id(task) in self._woken:
            walk.token("woken")
            walk.visit(self._woken[id(task)])
        walk.token(self._dues.get(id(task)))
        walk.visit(task.work)
