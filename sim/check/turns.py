"""Whose turn it is, when everything is tried."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sim.check.commuting import Next, in_turn
from sim.check.decisions import Decisions
from sim.check.moments import BEGIN_S, GRID_S, STEP_S, grid
from sim.scheduler import Runnable, Scheduler, Task

# Takes one of these places among the runnable; None: it did something else instead.
Asked: TypeAlias = Callable[[Sequence[int]], int | None]


class EveryTurn(Scheduler):
    """Who goes on is asked for wherever it matters, and nobody goes on at the same moment.

    Nothing takes time but what waits for it: a timer goes off only when nobody can go on, and
    then all that are due.
    """

    def __init__(self, decisions: Decisions) -> None:
        super().__init__(decisions, lambda runnable: len(runnable) - 1)
        self.now = BEGIN_S
        self.asked: Asked | None = None
        # What each task does next, with the stay for which that is true.
        self._nexts: dict[Task[Any], tuple[int, Next]] = {}

    @property
    def runnable(self) -> Sequence[Runnable]:
        return self._runnable

    @property
    def live(self) -> Sequence[Task[Any]]:
        return tuple(self._live)

    def dues(self) -> dict[int, int]:
        """When each task that waits for a time goes on: lines of the grid from now, by its id."""
        now = grid(self.now)
        return {
            id(task): grid(due) - now
            for due, _, task, stay in self._timers
            if task.stay == stay and not task.dropped
        }

    def settle(self, steps_max: int) -> bool:
        """Runs until nobody can go on at this time; False: they still could after so many steps."""
        for _ in range(steps_max):
            if not self._runnable:
                return True
            self._step()
        return False

    def close(self) -> None:
        """The path is over: nothing of it runs again."""
        self.asked = None
        for task in self.live:
            task.dropped = True
            task.work.close()

    def _step(self) -> None:
        runnable = self._runnable
        runnable[:] = [each for each in runnable if not each[0].dropped]
        if not runnable:
            return
        at = self._turn()
        if at is None:
            return
        # The last is whom the scheduler takes; the others keep their order.
        runnable.append(runnable.pop(at))
        self.now += STEP_S
        super()._step()

    def _turn(self) -> int | None:
        if self.asked is None:
            return 0  # in the order in which they could go on
        nexts = [self._next(task) for task, _ in self._runnable]
        for at, each in enumerate(nexts):
            if each.commutes:
                return at
        return self.asked(in_turn(nexts))

    def _next(self, task: Task[Any]) -> Next:
        """It stands still while it can go on, so it is looked at once."""
        known = self._nexts.get(task)
        if known is None or known[0] != task.stay:
            known = self._nexts[task] = (task.stay, Next.of(task))
        return known[1]

    def _advance(self, until_s: float) -> bool:
        if not super()._advance(until_s):
            return False
        line = grid(self.now)
        while super()._advance(line * GRID_S + GRID_S / 2):
            pass
        self.now = max(self.now, line * GRID_S)
        return True
