"""Faults that are written down instead of drawn: what happens at the n-th call of a kind."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sim.faults import At, Does, Faults


@dataclass(slots=True)
class Line:
    """What happens at calls of a kind: of those the first `skips` pass, then `times` are hit."""

    at: At
    does: Does | None
    skips: int
    times: int
    then: Callable[[], object] | None

    def hits(self, at: At) -> bool:
        if at is not self.at or self.times == 0:
            return False
        if self.skips > 0:
            self.skips -= 1
            return False
        self.times -= 1
        return True


@dataclass(slots=True)
class Script(Faults):
    """Faults that are written down instead of drawn."""

    lines: list[Line] = field(default_factory=list)
    calls: list[At] = field(default_factory=list)
    late_s: float = 20.0

    def verdict(self, at: At) -> Does | None:
        self.calls.append(at)
        for line in self.lines:
            if line.hits(at):
                if line.then is not None:
                    line.then()
                return line.does
        return None

    def lateness(self) -> float:
        return self.late_s
