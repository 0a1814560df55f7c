"""No refusal without a reason: what a client was refused could not have been done.

Deaths of the shim are no reason for anything. Where a fault struck, or an administrator had a hand
in it, only those are judged that say how things stand, for whatever else is said may be due to
that. In a plain world much happens in one instant: nobody can say in which order,
so all of that may be a reason.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from returns.result import Failure

from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.refusal import (
    AlreadyFinished,
    BeingDeleted,
    BundleFailed,
    ContainerExists,
    ContainerNotStarted,
    ExecExists,
    InitNotRunning,
    InvalidArgument,
    NotCreatedYet,
    Operation,
    Refusal,
    RuncFailed,
    StdioFailed,
    UnitFailed,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
from domain.unit_name import unit_name
from sim.client import Call
from sim.outcome import Asked, Outcome, ended_by
from sim.requests import NO_SIGNAL
from sim.world.runc import MISSING

# They say how things stand; each of the others can be due to a fault.
STATED: Final = (
    AlreadyFinished,
    BeingDeleted,
    ContainerExists,
    ContainerNotStarted,
    ExecExists,
    InitNotRunning,
    InvalidArgument,
    NotCreatedYet,
    UnknownContainer,
    UnknownExec,
    WrongPhase,
)
# Calls that name an exec in vain.
OF_THE_CONTAINER: Final = ("pause", "resume", "pids")
# What asks for a container's end.
ENDS: Final = ("delete", "clean up")


@dataclass(frozen=True, slots=True)
class Case(Asked):
    """A call that was refused, and everything else that its container saw."""

    why: Refusal

    def others(self, key: ProcessKey, *what: str) -> Iterator[Call]:
        """What else had been asked of it before the answer."""
        for other in self.outcome.calls(self.life, *what):
            meant = other.key == key or other.what in OF_THE_CONTAINER
            if meant and other is not self.call and other.begun_s <= self.call.ended_s:
                yield other

    def was_asked(self, key: ProcessKey, *what: str) -> bool:
        return any(True for _ in self.others(key, *what))

    def is_there(self, key: ProcessKey, making: str) -> bool:
        """It had been made before the call, and nobody asked for its end."""
        begun = [
            made.ended_s
            for made in self.others(key, making)
            if made.succeeded and made.ended_s < self.call.begun_s
        ]
        enders = (*self.others(key, *ENDS), *self.others(self.init, *ENDS))
        return bool(begun) and not any(end.ended_s >= max(begun) for end in enders)

    def may_be_there(self, key: ProcessKey, making: str) -> bool:
        """Somebody else had made it, or was at it, and it was not certainly gone again."""
        return any(not self._is_gone_again(key, made) for made in self.others(key, making))

    def _is_gone_again(self, key: ProcessKey, made: Call) -> bool:
        """By the order of answers. What no disk let go may come back (F116)."""
        refused = self.outcome.disk_refused(self.life.owner)
        if made.answered_step > self.call.asked_step or refused:
            return False
        if not made.succeeded:  # a fault may have left half of it, but not of an exec's files
            no_exec = made.key.exec_id is not None and isinstance(made.refusal, BundleFailed)
            return no_exec or not self.outcome.fired
        return any(
            end.succeeded
            and end.asked_step >= made.answered_step
            and end.answered_step <= self.call.asked_step
            for of in (key, self.init)
            for end in self.others(of, *ENDS)
        )

    def has_ended(self, key: ProcessKey) -> bool:
        """A process of its has died, or its start has failed (R077, R081)."""
        return (
            self.outcome.has_ended(key, self.call.ended_s)
            or self._has_lost_its_reaper(key)
            or self.could_not_start(key)
        )

    def _has_lost_its_reaper(self, key: ProcessKey) -> bool:
        """A frozen program outlives the KILL that follows its reaper; systemd shows the end."""
        units = (self.outcome.unit_of(each) for each in self.outcome.processes(key))
        mains = (unit.main for unit in units if unit is not None and unit.main is not None)
        return any(ended_by(main, self.call.ended_s) for main in mains)

    def could_not_start(self, key: ProcessKey) -> bool:
        starts = self.others(key, "start")
        return any(self._has_failed(start) for start in starts) or self._seems_started(key)

    def _has_failed(self, start: Call) -> bool:
        """Without an answer any may have, where faults are; else a restore, and an exec."""
        match start.answer:
            case Failure(why):
                return not isinstance(why, STATED)
            case None:
                return bool(self.outcome.fired or self.round.checkpoint or start.key.exec_id)
            case _:
                return False

    def _seems_started(self, key: ProcessKey) -> bool:
        """A new shim takes a unit of its name, which was left over, for a start that no disk
        took (F49, F116)."""
        left = any(unit.name == unit_name(key) for unit in self.outcome.left_over)
        return left and self.outcome.deaths > 0


def _terminal_is_gone(case: Case) -> bool:
    """Its master dies with its shim, and goes where its process could not start or is deleted."""
    key = case.call.key
    deleted = case.was_asked(key, *ENDS) or case.was_asked(case.init, *ENDS)
    gone = deleted or case.could_not_start(key) or case.outcome.deaths > 0
    return case.call.what == "resize" and gone


def s36_no_refusal_without_a_reason(outcome: Outcome) -> Iterator[str]:
    """Whatever is refused could not be done."""
    is_plain = not (outcome.fired or outcome.touched)
    for life in outcome.lives:
        for call in outcome.calls(life):
            match call.answer:
                case Failure(why) if is_plain or isinstance(why, STATED):
                    reason = REASONS.get(type(why))
                    if reason is None or not reason(Case(outcome, life, call, why)):
                        yield f"{call.what} {call.key} was refused without a reason: {why}"
                case _:
                    pass


def _runc_says_no(case: Case) -> bool:
    """There is no such program, or the container is not in a state for it."""
    if case.call.what in OF_THE_CONTAINER:
        return case.has_ended(case.init) or case.was_asked(case.init, "pause", "resume")
    if case.call.key.exec_id is not None:
        asked = case.round.execs.get(case.call.key)
        missing = asked is not None and MISSING in asked.spec.decode()
        # Its files go first: a Delete that a death cut off has left half an exec.
        deleted = case.was_asked(case.call.key, "delete")
        paused = case.was_asked(case.init, "pause")
        return missing or case.has_ended(case.init) or deleted or paused
    return case.round.missing or (case.call.what == "start" and case.has_ended(case.init))


def _breaks_off(restore: Case) -> bool:
    """The program may end before systemd has found it, or be killed before there is one."""
    return restore.has_ended(restore.init) or restore.was_asked(restore.init, "kill")


def _wrong_phase(case: Case) -> bool:
    why = case.why
    if not isinstance(why, WrongPhase) or why.phase in ALLOWED[why.operation]:
        return False
    if why.operation is not OPERATIONS[case.call.what]:
        return False
    of_init = why.operation in {Operation.PAUSE, Operation.RESUME, Operation.EXEC}
    return PHASES[why.phase](case, case.init if of_init else case.call.key)


# What a call is about.
OPERATIONS: Final[Mapping[str, Operation]] = {
    "start": Operation.START,
    "exec": Operation.EXEC,
    "pause": Operation.PAUSE,
    "resume": Operation.RESUME,
    "resize": Operation.RESIZE,
    "delete": Operation.DELETE,
    "clean up": Operation.DELETE,
}
# In which phase each may be done.
ALLOWED: Final[Mapping[Operation, frozenset[Phase]]] = {
    Operation.START: frozenset({Phase.CREATED}),
    Operation.DELETE: frozenset({Phase.CREATED, Phase.EXITED}),
    Operation.PAUSE: frozenset({Phase.RUNNING}),
    Operation.RESUME: frozenset({Phase.PAUSED}),
    Operation.EXEC: frozenset({Phase.CREATED, Phase.STARTING, Phase.RUNNING}),
    Operation.RESIZE: frozenset(set(Phase) - {Phase.EXITED}),
}
# What must have come about before a process can be said to be in that phase.
PHASES: Final[Mapping[Phase, Callable[[Case, ProcessKey], bool]]] = {
    Phase.CREATED: lambda case, key: (
        case.outcome.may_be_behind(case.life.owner)
        or not any(
            start.succeeded
            and case.round.begun_s <= start.begun_s <= start.ended_s < case.call.begun_s
            for start in case.others(key, "start")
        )
    ),
    Phase.STARTING: lambda case, key: case.was_asked(key, "start"),
    Phase.RUNNING: lambda case, key: case.was_asked(key, "start"),
    Phase.PAUSED: lambda case, _: case.was_asked(case.init, "pause"),
    Phase.EXITED: lambda case, key: case.has_ended(key) or case.has_ended(case.init),
    Phase.DELETED: lambda case, key: case.was_asked(key, "delete"),
}
# A refusal that is not here needs a fault.
REASONS: Final[Mapping[type, Callable[[Case], bool]]] = {
    UnknownContainer: lambda case: not case.is_there(case.init, "create"),
    UnknownExec: lambda case: (
        case.call.key.exec_id is not None and not case.is_there(case.call.key, "exec")
    ),
    ContainerExists: lambda case: case.may_be_there(case.init, "create"),
    ExecExists: lambda case: case.may_be_there(case.call.key, "exec"),
    RuncFailed: _runc_says_no,
    WrongPhase: _wrong_phase,
    AlreadyFinished: lambda case: case.has_ended(case.call.key),
    NotCreatedYet: lambda case: PHASES[Phase.CREATED](case, case.call.key),
    ContainerNotStarted: lambda case: PHASES[Phase.CREATED](case, case.init),
    InitNotRunning: lambda case: case.has_ended(case.init),
    UnitFailed: lambda case: bool(case.round.checkpoint) and _breaks_off(case),
    StdioFailed: _terminal_is_gone,
    BeingDeleted: lambda case: case.was_asked(case.init, *ENDS),
    InvalidArgument: lambda case: case.call.signal == NO_SIGNAL,
}
