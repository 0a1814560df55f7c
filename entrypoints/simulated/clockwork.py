"""A simulated world beside an event loop: what is due runs, and its time follows the clock.

Ordinary calls in the world take up to a few hundredths of its seconds, and nobody is to wait for
those: gaps so small are jumped over at once, so that a client's call meets a world at rest and
what follows from it has followed before the next is read. Longer gaps (a program that runs, a
late answer, a limit) take their time, divided by the speed.

How long a client thinks and how fast this machine is must not decide what comes of a seed. So
time stands still while no call is under way in the world, until that adds up to a lump: then all
of it passes, and goes on passing until somebody calls. It stands still, too, while a call waits
for something real, such as a client that has not opened its FIFO.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from domain.ports.concurrency import Latch
from sim.incarnation import Incarnation
from sim.scheduler import Scheduler, Task, first_of

T = TypeVar("T")

# Twice what an ordinary call takes each way (ORDINARY_S in sim/world/world.py).
STRIDE_S: Final = 0.02
# So much is jumped in one turn at most: something may ask again and again in small steps.
STRIDES_MAX_S: Final = 1.0
# More steps than any turn needs; the rest is done when the loop has looked at everybody else.
STEPS_MAX: Final = 20_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """`speed`: seconds in the world for one of the clock; `lump_s`: of the clock.

    A client that asks one thing after the other, with pauses that add up to less than a lump,
    gets the same answers from the same seed, with the same times.
    """

    speed: float = 1.0
    lump_s: float = 1.0


class Clockwork:
    """Drives one scheduler. Belongs to the loop in which it is made."""

    def __init__(self, scheduler: Scheduler, pace: Pace) -> None:
        self._scheduler = scheduler
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._never = scheduler.latch()
        self._timer: asyncio.TimerHandle | None = None
        # One for all steps: the rules' marks in it (log_fields) are set and taken back there.
        self._context = copy_context()
        self._is_turning = False
        self._is_closed = False
        self._awaited: list[Task[Any]] = []  # tasks of the world whose end somebody waits for
        self._outside: set[asyncio.Task[Any]] = set()  # what tasks of the world wait for here
        self._looked_at = self._loop.time()  # the clock, when its time was last counted
        self._still_s = 0.0  # of the clock, not counted in the world yet
        self._is_quiet = False  # nobody has called for a lump: time passes

    def turn(self) -> bool:
        """Runs whatever can run, and sees to it that it is called again when more is due.

        False if it is called again for what was too much for one turn.
        """
        if self._is_turning or self._is_closed:
            return True  # whoever was woken meanwhile is in this very turn
        self._is_turning = True
        before = self._scheduler.steps
        try:
            self._context.run(self._run)
        finally:
            self._is_turning = False
        self._report()
        if self._timer is not None:
            self._timer.cancel()
        was_too_much = self._scheduler.steps - before >= STEPS_MAX
        if was_too_much:
            wait_s = 0.0
        elif self._passes():
            wait_s = max(0.0, min(self._gap() / self._pace.speed, self._pace.lump_s))
        else:
            wait_s = max(0.0, self._pace.lump_s - self._still_s)
        self._timer = self._loop.call_at(self._looked_at + wait_s, self._look)
        return not was_too_much

    async def call(self, shim: Incarnation, name: str, rule: Coroutine[Any, Any, T]) -> T:
        """Puts a rule into the world as a call of this shim; waits for its end.

        There is none if the shim dies: then whoever waits here has to be cancelled.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        if shim.dead.is_open:
            rule.close()
            return await answer
        self._look()
        self._is_quiet = False
        self._scheduler.choices.by = "client"
        call = shim.call(name, _answering(rule, answer))
        self.let_pass_for(call)
        self.turn()
        if call.dropped:
            rule.close()  # perhaps before its first step
        return await answer

    async def outside(self, work: Coroutine[Any, Any, T]) -> T:
        """For a task of the world: waits for work on the event loop, which ends with the task."""
        latch = self._scheduler.latch()
        task = self._loop.create_task(work)
        self._outside.add(task)

        def ended(_: asyncio.Task[T]) -> None:
            self._look()
            self._outside.discard(task)
            self.open(latch)

        task.add_done_callback(ended)
        try:
            await first_of((latch,), None)
        finally:
            task.cancel()  # nothing, unless the waiting task was dropped
        return task.result()

    def let_pass_for(self, task: Task[Any]) -> None:
        """Time does not stand still before this task of the world has ended."""
        self._awaited.append(task)

    def open(self, latch: Latch) -> None:
        """Opens a latch of the world, from without."""
        latch.open()
        self.turn()

    async def close(self) -> None:
        """Stops the world where it is."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in tuple(self._outside):
            task.cancel()
        if self._outside:
            await asyncio.wait(self._outside)

    def _run(self) -> None:
        """What can run now, and what follows in small gaps."""
        scheduler = self._scheduler
        horizon = scheduler.now + STRIDES_MAX_S
        until = scheduler.now
        while until <= horizon:
            scheduler.run_until(self._never, STEPS_MAX, until)
            if self._gap() > STRIDE_S:
                return
            until = scheduler.next_due()

    def _gap(self) -> float:
        """The world's time until something is due."""
        return self._scheduler.next_due() - self._scheduler.now

    def _passes(self) -> bool:
        """Whether time passes now: for somebody who waits for nothing else, or in the quiet."""
        self._awaited = [task for task in self._awaited if not _is_over(task)]
        return self._is_quiet or (bool(self._awaited) and not self._outside)

    def _look(self) -> None:
        """Counts the clock's time since the last look."""
        now = self._loop.time()
        passed_s, self._looked_at = now - self._looked_at, now
        if not self._passes():
            self._still_s += passed_s
            if self._still_s < self._pace.lump_s:
                self.turn()
                return
            passed_s, self._still_s = self._still_s, 0.0
            self._is_quiet = True
        self._pass(self._scheduler.now + passed_s * self._pace.speed)

    def _pass(self, until: float) -> None:
        """Lets the world's time come to `until`, unless it stands still from some event on."""
        scheduler = self._scheduler
        while self._passes() and scheduler.next_due() <= until and not self._is_closed:
            scheduler.now = max(scheduler.now, scheduler.next_due())
            if not self.turn():
                return
        if self._passes():
            scheduler.now = max(scheduler.now, until)
        self.turn()

    def _report(self) -> None:
        for name, bug in self._scheduler.bugs:
            _log.error("a bug in %s", name, exc_info=bug)
        self._scheduler.bugs.clear()


def _is_over(task: Task[Any]) -> bool:
    return task.done.is_open or task.dropped


async def _answering(rule: Coroutine[Any, Any, T], answer: "asyncio.Future[T]") -> None:
    try:
        outcome = await rule
    except Exception as bug:
        if not answer.done():
            answer.set_exception(bug)
        raise
    if not answer.done():
        answer.set_result(outcome)
