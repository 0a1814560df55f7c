"""What is believed of every container, held against what the shim says between two calls."""

from collections.abc import Callable
from typing import Any

from returns.result import Failure, Success

from domain.exit_status import UNKNOWN
from domain.identity import ContainerKey, ProcessKey
from domain.lifecycle import Phase
from domain.use_cases import query
from domain.use_cases.query import ProcessView
from sim.client import Answer
from tests.sim.belief import Belief, ContainerBelief
from tests.sim.stage import Stage


class Beliefs:
    """Who is not in `of` is certainly not there."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.of: dict[ContainerKey, ContainerBelief] = {}
        self._shim = stage.serving

    def gone(self, owner: ContainerKey) -> None:
        rounds = self.stage.lives[owner].rounds
        if owner in self.of and rounds:
            rounds[-1].deleted = True
            rounds[-1].ended_s = self.stage.scheduler.now
        self.of.pop(owner, None)

    def process(self, key: ProcessKey) -> Belief | None:
        container = self.of.get(key.owner)
        return None if container is None else container.of(key.exec_id)

    def granted(self, key: ProcessKey, by: Callable[[ContainerBelief], bool | None]) -> bool | None:
        """Whether a call has to succeed (True) or to fail (False); None: the model cannot tell."""
        asked = self.process(key)
        if asked is None:
            return False
        container = self.of[key.owner]
        if asked.doubtful or container.init.doubtful:
            return None
        container.follows()
        return by(container)

    def expect(self, answer: Answer[Any] | None, *, granted: bool | None) -> None:
        match answer:
            case Success() if granted is False:
                self.stage.fail(f"it must not succeed, and it did: {answer}")
            case Failure() if granted and self.stage.is_calm:
                self.stage.fail(f"nothing stands in its way, and it failed: {answer}")
            case _:
                pass

    def compare(self) -> None:
        """Each process must be in one of the believed phases, with one of the believed statuses."""
        self.stage.until_it_serves()
        is_new = self._shim != self.stage.serving
        self._shim = self.stage.serving
        for owner, container in self.of.items():
            if is_new and self.stage.machine.disk.refused.get(owner):
                container.shaken()  # what was in memory alone is lost (F116)
                for each in container.everybody():
                    each.exit = None
            held = self.stage.host.shim.shim.containers.get(owner)
            if held is None or held.recovery is None:
                container.follows()
                for exec_id in (None, *container.execs):
                    self._look(ProcessKey(owner, exec_id), container)

    def _look(self, key: ProcessKey, container: ContainerBelief) -> None:
        shim = self.stage.host.shim.shim
        believed = container.of(key.exec_id)
        match query.state(shim, key):
            case Success(view) if believed is not None:
                self._see(key, believed, view)
                # A delete that nobody heard of goes on (recovery), and may end at any time.
                believed.doubtful = shim.containers[key.owner].deletion is not None
            case Failure(why) if believed is not None and not believed.doubtful:
                self.stage.fail(f"{key} must be there: {why}")
            case _:
                pass

    def _see(self, key: ProcessKey, believed: Belief, view: ProcessView) -> None:
        phase = view.phase
        if key.exec_id is not None and phase is Phase.PAUSED:
            phase = Phase.RUNNING  # the freezer's word for all (T141)
        if phase not in believed.now:
            told = sorted(each.value for each in believed.now)
            self.stage.fail(f"{key} is {phase.value}, and can only be {' or '.join(told)}")
        found = view.exit
        if found is not None:
            possible = believed.statuses | (set() if self.stage.is_calm else {UNKNOWN})
            if found.status not in possible:
                self.stage.fail(f"{key} ended with {found.status}, possible is {sorted(possible)}")
            if believed.exit not in {None, found}:
                self.stage.fail(f"{key} ended as {believed.exit}, and now as {found}")
            believed.exit = found
        believed.seen(phase)
        if key.exec_id is None:
            self.stage.lives[key.owner].rounds[-1].created = True
