"""A simulated world beside an event loop: what is due runs, and its time follows the clock.

Ordinary calls in the world take up to a few hundredths of its seconds, and nobody is to wait for
those: gaps so small are jumped over at once, so that a client's call meets a world at rest and
what follows from it has followed before the next is read. Longer gaps (a program that runs, a
late answer, a limit) take their time, divided by the speed.

Between calls time is counted in lumps: a client that asks one thing after the other, without a
pause of a lump, finds the world exactly where its last call has left it.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import copy_context
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from domain.ports.concurrency import Latch
from sim.incarnation import Incarnation
from sim.scheduler import Scheduler, first_of

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
    """`speed`: seconds in the world for one of the clock; `lump_s`: of the clock."""

    speed: float = 1.0
    lump_s: float = 1.0


class Clockwork:
    """Drives one scheduler. Belongs to the loop in which it is made."""

    def __init__(self, scheduler: Scheduler, pace: Pace) -> None:
        self._scheduler = scheduler
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        # Up to here the clock's time is counted in the world.
        self._counted_to = self._loop.time()
        self._never = scheduler.latch()
        self._timer: asyncio.TimerHandle | None = None
        # One for all steps: the rules' marks in it (log_fields) are set and taken back there.
        self._context = copy_context()
        self._is_turning = False
        self._is_closed = False
        self._outside: set[asyncio.Task[Any]] = set()

    def turn(self) -> None:
        """Runs whatever can run, and sees to it that it is called again when more is due."""
        if self._is_turning or self._is_closed:
            return  # whoever was woken meanwhile is in this very turn
        self._is_turning = True
        before = self._scheduler.steps
        try:
            self._context.run(self._run)
        finally:
            self._is_turning = False
        self._report()
        if self._timer is not None:
            self._timer.cancel()
        if self._scheduler.steps - before >= STEPS_MAX:
            self._timer = self._loop.call_later(0, self.turn)
        else:
            wait_s = min(self._gap() / self._pace.speed, self._pace.lump_s)
            self._timer = self._loop.call_at(self._counted_to + wait_s, self._time_passes)

    async def call(self, shim: Incarnation, name: str, rule: Coroutine[Any, Any, T]) -> T:
        """Puts a rule into the world as a call of this shim; waits for its end.

        There is none if the shim dies: then whoever waits here has to be cancelled.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        if shim.dead.is_open:
            rule.close()
            return await answer
        self._scheduler.choices.by = "client"
        shim.call(name, _answering(rule, answer))
        self.turn()
        return await answer

    async def outside(self, work: Coroutine[Any, Any, T]) -> T:
        """For a task of the world: waits for work on the event loop, which ends with the task."""
        latch = self._scheduler.latch()
        task = self._loop.create_task(work)
        self._outside.add(task)

        def ended(_: asyncio.Task[T]) -> None:
            self._outside.discard(task)
            self.open(latch)

        task.add_done_callback(ended)
        try:
            await first_of((latch,), None)
        finally:
            task.cancel()  # nothing, unless the waiting task was dropped
        return task.result()

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

    def _time_passes(self) -> None:
        scheduler, speed = self._scheduler, self._pace.speed
        passed = min(self._gap(), self._pace.lump_s * speed)
        self._counted_to += passed / speed
        scheduler.now += passed
        self.turn()

    def _report(self) -> None:
        for name, bug in self._scheduler.bugs:
            _log.error("a bug in %s", name, exc_info=bug)
        self._scheduler.bugs.clear()


async def _answering(rule: Coroutine[Any, Any, T], answer: "asyncio.Future[T]") -> None:
    try:
        outcome = await rule
    except Exception as bug:
        if not answer.done():
            answer.set_exception(bug)
        raise
    if not answer.done():
        answer.set_result(outcome)
