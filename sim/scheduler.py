"""Drives coroutines by hand: one thread, virtual time, and a drawn choice at every await.

The very rules of `domain/` run here; what they await are fakes that yield to this scheduler.
Whoever is runnable at one moment is run in a drawn order. When nothing is runnable time
jumps to the next timer; when there is no timer either, the world is at rest.
"""

import heapq
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any, Generic, TypeVar

from domain.ports.concurrency import Latch
from sim.choices import Choices

T = TypeVar("T")


class Cancelled(BaseException):
    """Thrown into a coroutine at an await, as an event loop does that shuts down."""


class SimLatch:
    """Opens once; who waits becomes runnable then."""

    __slots__ = ("_scheduler", "is_open", "waiting")

    def __init__(self, scheduler: "Scheduler") -> None:
        self._scheduler = scheduler
        self.is_open = False
        self.waiting: list[Pause] = []

    def open(self) -> None:
        if self.is_open:
            return
        self.is_open = True
        for pause in self.waiting:
            self._scheduler.resume(pause, self)
        self.waiting.clear()


class Pause:
    """One stay of one task at one await; resumed at most once."""

    __slots__ = ("latches", "over", "task", "within")

    def __init__(self, latches: Sequence[SimLatch], within: float | None) -> None:
        self.latches = latches
        self.within = within
        self.over = False
        self.task: Task[Any] | None = None

    def __await__(self) -> Generator["Pause", Latch | None, Latch | None]:
        return (yield self)


async def sleep(seconds: float) -> None:
    """Lets virtual time pass; 0 is a mere chance for others."""
    await Pause((), seconds)


@dataclass(slots=True, eq=False)
class Task(Generic[T]):
    """A coroutine under way. `group` is who dies together: an incarnation of the shim."""

    name: str
    work: Coroutine[Any, Any, T]
    group: str
    done: SimLatch
    result: list[T] = field(default_factory=list)
    bug: BaseException | None = None
    dropped: bool = False

    def outcome(self) -> T:
        if self.bug is not None:
            raise self.bug
        return self.result[0]


class Scheduler:
    """Runs tasks until the world is at rest."""

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.now = 0.0
        self.steps = 0
        self.bugs: list[tuple[str, BaseException]] = []
        # Called before each step; a simulation that wants to crash somebody does it here.
        self.before_step: Callable[[Task[Any]], None] | None = None
        self._runnable: list[tuple[Pause, Latch | None]] = []
        self._timers: list[tuple[float, int, Pause]] = []
        self._timer_count = 0
        # In the order of their birth: a set would make the order of a crash's victims drift.
        self._live: dict[Task[Any], None] = {}

    def latch(self) -> SimLatch:
        return SimLatch(self)

    def spawn(self, name: str, work: Coroutine[Any, Any, T], group: str) -> Task[T]:
        task = Task(name, work, group, SimLatch(self))
        self._live[task] = None
        first = Pause((), 0.0)
        first.task = task
        self._runnable.append((first, None))
        return task

    def resume(self, pause: Pause, by: Latch | None) -> None:
        if not pause.over:
            pause.over = True
            self._runnable.append((pause, by))

    async def first_of(self, latches: Sequence[SimLatch], within: float | None) -> Latch | None:
        return await Pause(latches, within)

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

    def drop(self, group: str) -> None:
        """Ends every task of the group where it stands, as SIGKILL does: none runs again."""
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

    def _group(self, group: str) -> list[Task[Any]]:
        mine = [task for task in self._live if task.group == group]
        for task in mine:
            del self._live[task]
        return mine

    def _advance(self, until_s: float) -> bool:
        """Jumps to the next timer that somebody still waits for; False: none before `until_s`."""
        timers = self._timers
        while timers:
            due, _, pause = timers[0]
            if pause.over:
                heapq.heappop(timers)
                continue
            if due > until_s:
                return False
            heapq.heappop(timers)
            self.now = max(self.now, due)
            self.resume(pause, None)
            return True
        return False

    def _step(self) -> None:
        runnable = self._runnable
        if len(runnable) > 1:
            at = int(self.choices.draw() * len(runnable))
            runnable[at], runnable[-1] = runnable[-1], runnable[at]
        pause, by = runnable.pop()
        task = pause.task
        if task is None or task.dropped:
            return
        self.steps += 1
        self.choices.note(task.name)
        if self.before_step is not None:
            self.before_step(task)
            if task.dropped:
                return
        try:
            stay = task.work.send(by)
        except StopIteration as end:
            self._end(task, None)
            task.result.append(end.value)
            task.done.open()
        except Exception as bug:  # noqa: BLE001 (whatever a rule raises is the finding)
            self.bugs.append((task.name, bug))
            self._end(task, bug)
            task.done.open()
        else:
            self._await(task, stay)

    def _end(self, task: Task[Any], bug: Exception | None) -> None:
        task.bug = bug
        self._live.pop(task, None)

    def _await(self, task: Task[Any], pause: Pause) -> None:
        pause.task = task
        for latch in pause.latches:
            if latch.is_open:
                self.resume(pause, latch)
                return
        for latch in pause.latches:
            latch.waiting.append(pause)
        within = pause.within
        if within is None:
            return  # for latches alone, however long
        if within <= 0.0:
            self.resume(pause, None)
        else:
            self._timer_count += 1
            heapq.heappush(self._timers, (self.now + within, self._timer_count, pause))
