"""How a simulated client asks: it may give up, may hit a dying shim, and remembers every answer.

The memory of all clients is one list of calls, which the invariants read.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, TypeVar

from returns.result import Failure, Result, Success

from domain.caller import Caller
from domain.identity import ContainerKey, ProcessKey
from domain.refusal import Refusal
from domain.shim import Shim
from sim.incarnation import Incarnation, Machine

T = TypeVar("T")
Answer = Result[T, Refusal]
Ask = Callable[[Shim, Caller], Coroutine[Any, Any, Answer[T]]]

# A client gives up at any await of a rule, or in the middle of a stall, or when all is too late.
PATIENCE_S: Final = ((0.0, 0.05), (0.05, 5.0), (5.0, 200.0))
GIVES_UP: Final = 0.1


@dataclass(slots=True)
class Call:
    """One call as its client saw it; without an answer the shim died or the client gave up."""

    client: str
    what: str
    key: ProcessKey
    incarnation: str
    begun_s: float
    signal: int = 0
    ended_s: float = inf
    answer: Answer[Any] | None = None
    # The scheduler's steps: within one instant they tell what came first.
    asked_step: int = 0
    answered_step: float = inf
    # While the shim lived: its rules know that nobody waits any more.
    gave_up: bool = False

    @property
    def was_answered(self) -> bool:
        return self.ended_s < inf

    @property
    def value(self) -> Any:
        """What a call that succeeded was answered."""
        return None if self.answer is None else self.answer.unwrap()

    @property
    def refusal(self) -> Any:
        """Why it was refused; None if it was not, or without an answer."""
        return self.answer.failure() if isinstance(self.answer, Failure) else None

    @property
    def succeeded(self) -> bool:
        return isinstance(self.answer, Success)


@dataclass(slots=True)
class Host:
    """Who serves now; a client that finds nobody waits for the next."""

    machine: Machine
    shim: Incarnation
    calls: list[Call] = field(default_factory=list)


class Client:
    """One connection's worth of questions about one container."""

    def __init__(self, host: Host, name: str, owner: ContainerKey) -> None:
        self.host = host
        self.name = name
        self.owner = owner
        self.world = host.machine.world
        self.choices = self.world.choices
        self.scheduler = self.world.scheduler

    async def ask(
        self, what: str, key: ProcessKey, ask: Ask[T], *, signal: int = 0, patient: bool = False
    ) -> Answer[T] | None:
        """One call; None when no answer came. A patient client waits as long as it takes."""
        serving = await self._serving()
        call = Call(self.name, what, key, serving.name, self.scheduler.now, signal)
        call.asked_step = self.scheduler.steps
        self.host.calls.append(call)
        self.world.detail(self.name, what, key, "asked of", serving.name)
        caller = serving.caller()
        work = serving.call(f"{what} {key}", ask(serving.shim, caller))
        within = None
        if not patient and self.choices.happens(GIVES_UP):
            within = self.choices.between(*self.choices.one_of(PATIENCE_S))
        gone = self.host.machine.sink.gone
        came = await self.scheduler.first_of((work.done, serving.dead, gone), within)
        if came is not work.done:
            caller.gone.open()
            call.gave_up = came is not serving.dead
            self.tell(what, key, "has no answer")
            return None
        call.ended_s = self.scheduler.now
        call.answered_step = self.scheduler.steps
        call.answer = work.outcome()
        self.tell(what, key, "->", call.answer)
        return work.outcome()

    async def _serving(self) -> Incarnation:
        if not self.host.machine.sink.is_up.is_open:
            await self.scheduler.first_of((self.host.machine.sink.is_up,), None)
        serving = self.host.shim
        while serving.dead.is_open or not serving.ready.is_open:
            if serving.dead.is_open:
                await self.pause(1.0)
            else:
                await self.scheduler.first_of((serving.ready, serving.dead), None)
            serving = self.host.shim
        return serving

    async def pause(self, seconds: float) -> None:
        await self.scheduler.first_of((), seconds)

    def tell(self, *parts: object) -> None:
        self.world.tell(self.name, *parts)
