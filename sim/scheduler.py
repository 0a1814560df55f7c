"""Drives coroutines by hand: one thread, virtual time, and a drawn choice at every await.

The very rules of `domain/` run here; what they await are fakes that yield to this scheduler.
Whoever is runnable at one moment is run in a drawn order. When nothing is runnable time
jumps to the next timer; when there is no timer either, the world is at rest.
"""

import heapq
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from types import coroutine
from typing import Any, Final, Generic, TypeAlias, TypeVar

from domain.ports.concurrency import Latch
from sim.choices import Choices

T = TypeVar("T")

# Who is one of many, and works for whoever spawned him.
NAMELESS: Final = frozenset({"one of several", "watch", "resync"})
# What a task yields at an await: the latches it waits for and for how long; what ended its stay.
Stay: TypeAlias = Generator[
    "tuple[Sequence[SimLatch], float | None]", "Latch | None", "Latch | None"
]


class Cancelled(BaseException):
    """Thrown into a coroutine at an await, as an event loop does that shuts down."""


class SimLatch:
    """Opens once; who waits becomes runnable then."""

    __slots__ = ("_scheduler", "is_open", "waiting")

    def __init__(self, scheduler: "Scheduler") -> None:
        self._scheduler = scheduler
        self.is_open = False
        # Each with the stay in which it waits: who has gone on since is not woken.
        self.waiting: list[tuple[Task[Any], int]] = []

    def open(self) -> None:
        if self.is_open:
            return
        self.is_open = True
        for task, stay in self.waiting:
            self._scheduler.wake(task, stay, self)
        self.waiting.clear()


@coroutine
def first_of(latches: Sequence[SimLatch], within: float | None) -> Stay:
    """Waits until one is open; None: `within` seconds of virtual time have passed."""
    return (yield latches, within)


async def sleep(seconds: float) -> None:
    """Lets virtual time pass; 0 is a mere chance for others."""
    await first_of((), seconds)


@dataclass(slots=True, eq=False)
class Task(Generic[T]):
    """A coroutine under way. `group` is who dies together: an incarnation of the shim."""

    name: str
    # The same, or with a number: in whose name it draws.
    stream: str
    work: Coroutine[Any, Any, T]
    group: str
    done: SimLatch
    result: list[T] = field(default_factory=list)
    bug: BaseException | None = None
    dropped: bool = False
    # Counts its stays at awaits; whoever would end an earlier one comes too late.
    stay: int = 0

    def outcome(self) -> T:
        if self.bug is not None:
            raise self.bug
        return self.result[0]


# Who could go on, with what woke him.
Runnable: TypeAlias = tuple[Task[Any], Latch | None]
# Which of several goes on: his place.
Pick: TypeAlias = Callable[[Sequence[Runnable]], int]


class Scheduler:
    """Runs tasks until the world is at rest."""

    def __init__(self, choices: Choices, pick: Pick) -> None:
        self.choices = choices
        self._pick = pick
        self.now = 0.0
        self.steps = 0
        self.bugs: list[tuple[str, BaseException]] = []
        # Called before each step; a simulation that wants to crash somebody does it here.
        self.before_step: Callable[[Task[Any]], None] | None = None
        self._runnable: list[Runnable] = []
        self._timers: list[tuple[float, int, Task[Any], int]] = []
        self._timer_count = 0
        # In the order of their birth: a set would make the order of a crash's victims drift.
        self._live: dict[Task[Any], None] = {}

    def latch(self) -> SimLatch:
        return SimLatch(self)

    def spawn(self, name: str, work: Coroutine[Any, Any, T], group: str) -> Task[T]:
        task = Task(name, self.choices.name(self._whole(name)), work, group, SimLatch(self))
        self._live[task] = None
        self._runnable.append((task, None))
        return task

    def _whole(self, name: str) -> str:
        """With whom it is for, where it does not say: numbers alone drift in every other world."""
        by = self.choices.by
        return f"{name} for {by}" if name in NAMELESS or name.startswith("carry ") else name

    def wake(self, task: Task[Any], stay: int, by: Latch | None) -> None:
        """Ends that stay of the task, unless something else has."""
        if task.stay == stay:
            task.stay += 1
            self._runnable.append((task, by))

    def first_of(
        self, latches: Sequence[SimLatch], within: float | None
    ) -> Awaitable[Latch | None]:
        return first_of(latches, within)

    def run(self, steps_max: int) -> bool:
        """True when the world came to rest; False when it was still busy after `steps_max`."""
        for _ in range(steps_max):
            if not self._runnable and not self._advance(inf):
                return True
            self._step()
        return False

    def run_until(self, latch: Latch, steps_max: int, until_s: float = inf) -> bool:
        """Runs until the latch opens; False if the world rests, or is busy too long, before.

        Too long is more than `steps_max` steps, or past `until_s` of virtual time.
        """
        for _ in range(steps_max):
            if latch.is_open:
                return True
            if not self._runnable and not self._advance(until_s):
                break
            self._step()
        return latch.is_open

    def next_due(self) -> float:
        """When the next timer is due that somebody still waits for; `inf`: there is none."""
        timers = self._timers
        while timers and timers[0][2].stay != timers[0][3]:
            heapq.heappop(timers)
        return timers[0][0] if timers else inf

    def drop(self, group: str | None = None) -> None:
        """Ends every task of the group where it stands, as SIGKILL does: none runs again.

        Without a group: everybody.
        """
        for task in self._group(group):
            task.dropped = True
            task.work.close()

    def cancel(self, group: str) -> None:
        """Throws `Cancelled` into each task of the group at its await."""
        for task in self._group(group):
            task.dropped = True
            with suppress(Cancelled, StopIteration):
                task.work.throw(Cancelled())

    def alive(self, group: str | None = None) -> list[str]:
        """Who has not ended: after a run to rest, those who wait for something for ever."""
        return [task.name for task in self._live if group is None or task.group == group]

    def _group(self, group: str | None) -> list[Task[Any]]:
        mine = [task for task in self._live if group is None or task.group == group]
        for task in mine:
            del self._live[task]
        return mine

    def _advance(self, until_s: float) -> bool:
        """Jumps to the next timer that somebody still waits for; False: none before `until_s`."""
        timers = self._timers
        while timers:
            due, _, task, stay = timers[0]
            if task.stay != stay:
                heapq.heappop(timers)
                continue
            if due > until_s:
                return False
            heapq.heappop(timers)
            self.now = max(self.now, due)
            self.wake(task, stay, None)
            return True
        return False

    def _step(self) -> None:
        runnable = self._runnable
        if len(runnable) > 1:
            at = self._pick(runnable)
            runnable[at], runnable[-1] = runnable[-1], runnable[at]
        task, by = runnable.pop()
        if task.dropped:
            return
        self.steps += 1
        self.choices.goes_on(task.stream)
        if self.before_step is not None:
            self.before_step(task)
            if task.dropped:
                return
        try:
            latches, within = task.work.send(by)
            self._await(task, latches, within)
        except StopIteration as end:
            self._end(task, None)
            task.result.append(end.value)
            task.done.open()
        except Exception as bug:  # noqa: BLE001 (whatever a rule raises is the finding)
            self.bugs.append((task.name, bug))
            self._end(task, bug)
            task.dropped = True  # what it waited for may still come
            task.done.open()

    def _end(self, task: Task[Any], bug: Exception | None) -> None:
        task.bug = bug
        self._live.pop(task, None)

    def _await(self, task: Task[Any], latches: Sequence[SimLatch], within: float | None) -> None:
        stay = task.stay
        for latch in latches:
            if latch.is_open:
                self.wake(task, stay, latch)
                return
        for latch in latches:
            latch.waiting.append((task, stay))
        if within is None:
            return  # for latches alone, however long
        if within <= 0.0:
            self.wake(task, stay, None)
        else:
            self._timer_count += 1
            heapq.heappush(self._timers, (self.now + within, self._timer_count, task, stay))
