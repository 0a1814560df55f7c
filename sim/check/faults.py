"""A scope's faults: each call that could meet one does so on one path, and on another not."""

from dataclasses import dataclass

from sim.check.decisions import Decisions
from sim.faults import LATE_S, At, Does, Fault, Faults


@dataclass(slots=True)
class EveryFault(Faults):
    """`left` faults of `possible` strike, at any call, while `ended` is not set."""

    decisions: Decisions | None = None
    possible: tuple[Fault, ...] = ()
    left: int = 0

    def verdict(self, at: At) -> Does | None:
        """As decided; None: nothing special."""
        if self.ended or not self.left or self.decisions is None:
            return None
        here = [fault for fault in self.possible if fault.at is at]
        if not here:
            return None
        words = [f"nothing happens at {at.name}", *(fault.name for fault in here)]
        option = self.decisions.decide(len(words), words.__getitem__)
        if option == 0:
            return None
        fault = here[option - 1]
        self.left -= 1
        self.fired[fault.number] = self.fired.get(fault.number, 0) + 1
        return fault.does

    def lateness(self) -> float:
        """A little late, or so late that others have lost their patience."""
        if self.decisions is None:
            return LATE_S[0]
        return LATE_S[self.decisions.decide(len(LATE_S), lambda option: f"{LATE_S[option]} s late")]
