"""No success where there can be none: what a client knows to be over, or not to be there.

Judged by what was answered before the call was made. A container that no disk let go may come back
with the next shim (F116), so of such a one nothing is said.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from returns.result import Failure

from domain.exit_status import Exit
from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.refusal import RuncFailed
from domain.use_cases.query import ProcessView
from sim.client import Call
from sim.outcome import Asked, Outcome, round_of
from sim.requests import NO_SIGNAL, OF_A_CONTAINER, OF_A_PROCESS

# What makes a process of that id, and what takes it away.
MAKES: Final = ("create", "exec")
ENDS: Final = ("delete", "clean up")


@dataclass(frozen=True, slots=True)
class Past(Asked):
    """A call that succeeded, and what its client could know when it asked."""

    @property
    def of_an_exec(self) -> bool:
        return self.call.key.exec_id is not None

    @property
    def is_to_be_restored(self) -> bool:
        return bool(self.round.checkpoint)

    def done(self, key: ProcessKey, *what: str) -> Call | None:
        """The last that was answered as done before the call."""
        found = [
            each
            for each in self.outcome.calls(self.life, *what)
            if each.key == key and each.succeeded and each.answered_step <= self.call.asked_step
        ]
        return max(found, key=lambda each: each.answered_step, default=None)

    def stands(self, known: Call | None, *unless: str) -> bool:
        """It was done, and since it was asked for nobody had a call that may have changed it.

        In the step of an answer its client asks the next: that comes after it.
        """
        return known is not None and not any(
            each.asked_step < self.call.answered_step and each.answered_step > known.asked_step
            for each in self.outcome.calls(self.life, *unless)
            if each is not known and each is not self.call and self._is_about(each, known.key)
        )

    def _is_about(self, call: Call, key: ProcessKey) -> bool:
        """The process or its container; a call of that may name an exec in vain."""
        return call.key in {key, self.init} or call.what in OF_A_CONTAINER

    def was_asked(self, key: ProcessKey, what: str) -> bool:
        """By anybody, of that container."""
        return any(
            (each.key == key or what in OF_A_CONTAINER)
            and each.asked_step <= self.call.answered_step
            and round_of(self.life, each) is self.round
            for each in self.outcome.calls(self.life, what)
        )

    @property
    def is_paused(self) -> bool:
        return self.stands(self.done(self.init, "pause"), "resume", "kill", "create", *ENDS)

    def is_gone(self, key: ProcessKey) -> bool:
        return self.stands(self.done(key, "delete"), *MAKES)

    def has_exited(self, key: ProcessKey) -> bool:
        """Somebody was told so."""
        told = [
            each
            for each in self.outcome.calls(self.life, "wait", "state")
            if each.key == key
            and each.answered_step <= self.call.asked_step
            and _tells_an_exit(each)
        ]
        return bool(told) and self.stands(told[-1], *MAKES, *ENDS)


def _tells_an_exit(call: Call) -> bool:
    if not call.succeeded:
        return False
    return isinstance(call.value, Exit) or (
        isinstance(call.value, ProcessView) and call.value.phase is Phase.EXITED
    )


def s39_no_success_where_there_can_be_none(outcome: Outcome) -> Iterator[str]:
    """Whatever is known to be impossible is refused."""
    for life, call, _ in outcome.successes():
        if outcome.disk_refused(life.owner):
            continue
        for calls, why, holds in IMPOSSIBLE:
            if call.what in calls and holds(Past(outcome, life, call)):
                yield f"{call.what} {call.key} succeeded, though {why}"


def s39_runc_is_not_asked_in_vain(outcome: Outcome) -> Iterator[str]:
    """A Start of what has exited, or of whose container has, is refused before runc is called."""
    for life in outcome.lives:
        if outcome.disk_refused(life.owner):
            continue
        for call in outcome.calls(life, "start"):
            match call.answer:
                case Failure(RuncFailed()):
                    past = Past(outcome, life, call)
                    if past.has_exited(call.key) or past.has_exited(past.init):
                        yield f"runc was called to start {call.key}, which had exited"
                case _:
                    pass


# Which calls, why they cannot be done, and when that is so.
IMPOSSIBLE: Final[tuple[tuple[tuple[str, ...], str, Callable[[Past], bool]], ...]] = (
    ((*OF_A_PROCESS,), "it was deleted", lambda past: past.is_gone(past.call.key)),
    (
        # Of an unknown container Connect answers pid 0 (T147); a clean-up ends whatever there is.
        (*OF_A_PROCESS, *OF_A_CONTAINER, "exec"),
        "its container was deleted",
        lambda past: past.is_gone(past.init),
    ),
    (
        ("create",),
        "there is one of this id",
        lambda past: past.stands(past.done(past.init, "create"), *ENDS),
    ),
    (
        ("exec",),
        "there is one of this id",
        lambda past: past.stands(past.done(past.call.key, "exec"), *ENDS),
    ),
    (("exec",), "its container is paused", lambda past: past.is_paused),
    (
        ("resize",),
        "it has exited",
        lambda past: past.of_an_exec and past.has_exited(past.call.key),
    ),
    (("start", "kill"), "it has exited", lambda past: past.has_exited(past.call.key)),
    (
        ("exec", "start", "pause", "resume"),
        "its container has exited",
        lambda past: past.has_exited(past.init),
    ),
    (
        ("start",),
        "it was started",
        lambda past: past.stands(past.done(past.call.key, "start"), *MAKES, *ENDS),
    ),
    (("pause",), "it was not started", lambda past: not past.was_asked(past.init, "start")),
    (("resume",), "nobody has paused it", lambda past: not past.was_asked(past.init, "pause")),
    (
        ("start", "kill"),
        "its container waits for its restore",
        lambda past: past.is_to_be_restored and not past.was_asked(past.init, "start"),
    ),
    (
        ("kill",),
        "it was not started",
        lambda past: past.of_an_exec and not past.was_asked(past.call.key, "start"),
    ),
    (("pause",), "it is paused", lambda past: past.is_paused),
    (("kill",), "there is no such signal", lambda past: past.call.signal == NO_SIGNAL),
)
