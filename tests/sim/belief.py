"""A naive model of the task API: what a client may believe of a container, from answers alone.

A process is in one of a few phases, and its status is one of a few numbers; each answer makes
the beliefs narrower, each call without one makes them wider.
"""

from dataclasses import dataclass, field
from typing import Final

from domain.exit_status import SIGNALLED, UNKNOWN, Exit
from domain.identity import ExecId, Pid
from domain.lifecycle import Phase
from sim.world.kernel import FATAL, SIGKILL, SIGTERM, Program

KILLED: Final = SIGNALLED + SIGKILL
ANY_PHASE: Final = frozenset(Phase) - {Phase.DELETED}
RUNS: Final = frozenset({Phase.RUNNING, Phase.PAUSED})
LETS_EXECS_IN: Final = frozenset({Phase.CREATED, Phase.RUNNING})
OVER: Final = frozenset({Phase.EXITED})
CREATED: Final = frozenset({Phase.CREATED})


@dataclass(slots=True)
class Belief:
    """One process. `program` None: there is no such file."""

    program: Program | None
    is_pid1: bool
    phases: frozenset[Phase] = CREATED
    statuses: set[int] = field(default_factory=set)
    # Something is under way that may end it at any moment.
    mortal: bool = False
    # Nobody knows whether it is there at all.
    doubtful: bool = False
    exit: Exit | None = None

    # A pause or a resume was not answered: the next shim asks runc, and knows better than this one.
    perhaps_frozen: bool = False

    @property
    def now(self) -> frozenset[Phase]:
        known = self.phases | RUNS if self.perhaps_frozen and self.phases & RUNS else self.phases
        return known | OVER if self.mortal else known

    def starts(self) -> None:
        """Its program runs, and may end by itself."""
        self.phases = frozenset({Phase.RUNNING})
        self._may_end_by_itself()

    def may_have_started(self) -> None:
        """A start that failed or was not answered: what ran was killed, or nothing ran."""
        self.phases |= {Phase.STARTING, Phase.RUNNING}
        self.statuses |= {UNKNOWN, KILLED}
        self.mortal = True
        self._may_end_by_itself()

    def _may_end_by_itself(self) -> None:
        if self.program is not None and self.program.runs_s is not None:
            self.statuses.add(self.program.exits)
            self.mortal = True

    def hit(self, signal: int) -> None:
        """A signal was sent, or may have been."""
        handled = self.program is not None and self.program.on_term is not None
        if signal == SIGTERM and self.program is not None and self.program.on_term is not None:
            self.statuses.add(self.program.on_term)
        if signal in FATAL:
            self.statuses.add(SIGNALLED + signal)
            pid1_ignores = self.is_pid1 and signal != SIGKILL
            self.mortal |= not pid1_ignores or (signal == SIGTERM and handled)

    def seen(self, phase: Phase) -> None:
        self.phases = frozenset({phase})
        self.doubtful = False


@dataclass(slots=True)
class ContainerBelief:
    init: Belief
    pid: Pid
    execs: dict[ExecId, Belief] = field(default_factory=dict)
    # Deleted execs: the invariants tell processes apart by their ids, so each is had once.
    former: list[ExecId] = field(default_factory=list)

    def forget(self, exec_id: ExecId) -> None:
        del self.execs[exec_id]
        self.former.append(exec_id)

    def is_used_up(self, exec_id: ExecId | None) -> bool:
        return exec_id in self.former

    def of(self, exec_id: ExecId | None) -> Belief | None:
        return self.init if exec_id is None else self.execs.get(exec_id)

    def everybody(self) -> tuple[Belief, ...]:
        return (self.init, *self.execs.values())

    def hit_all(self, signal: int) -> None:
        for each in self.everybody():
            each.hit(signal)

    def follows(self) -> None:
        """With their init the execs of a container die."""
        if self.init.mortal or Phase.EXITED in self.init.phases:
            for each in self.execs.values():
                each.hit(SIGKILL)

    def may_be_gone(self) -> None:
        """A delete or a clean-up that did not succeed may have come far."""
        self.hit_all(SIGKILL)
        for each in self.everybody():
            each.doubtful = True

    def shaken(self) -> None:
        """Nothing that was known is certain any more, and something may have been killed."""
        for each in self.everybody():
            each.phases = ANY_PHASE
            each.may_have_started()
            each.doubtful = True

    # What a calm shim must grant, must refuse, or may do either way (None).

    def start(self, exec_id: ExecId | None) -> bool | None:
        asked = self.of(exec_id)
        if asked is None or Phase.CREATED not in asked.now or asked.program is None:
            return False
        if exec_id is not None and not self.init.now & LETS_EXECS_IN:
            return False
        host_is_up = exec_id is None or self.init.now <= LETS_EXECS_IN
        return True if asked.now == CREATED and host_is_up else None

    def kill(self, exec_id: ExecId | None) -> bool | None:
        asked = self.of(exec_id)
        hittable = RUNS if exec_id is not None else RUNS | CREATED
        return None if asked is None else _either(asked.now, hittable, hittable | {Phase.STARTING})

    def delete(self, exec_id: ExecId | None) -> bool | None:
        asked = self.of(exec_id)
        if asked is None:
            return None
        if asked.mortal and asked.phases != OVER:
            return None  # its end may be in the middle of being noticed
        return _either(asked.phases, OVER | CREATED, OVER | CREATED)

    def moves(self, phase: Phase) -> bool | None:
        """Pause and resume ask for one phase."""
        return _either(self.init.now, frozenset({phase}), frozenset({phase}))

    def pids(self) -> bool | None:
        """runc may forget the container while it is asked for them."""
        return None if self.init.mortal and self.init.phases != OVER else True

    def add_exec(self) -> bool | None:
        return _either(self.init.now, LETS_EXECS_IN, LETS_EXECS_IN | {Phase.STARTING})


def _either(
    now: frozenset[Phase], granted: frozenset[Phase], possible: frozenset[Phase]
) -> bool | None:
    if now <= granted:
        return True
    return None if now & possible else False
