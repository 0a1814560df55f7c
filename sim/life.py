"""A simulated client: one container from Create to Delete, with what its seed draws.

Every call may be given up, may hit a dying shim, and is repeated like containerd's clients
do; what the answers were is kept for the invariants.
"""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from returns.result import Failure, Result, Success

from domain.caller import Caller
from domain.exit_status import Exit
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import Refusal, UnknownContainer, UnknownExec
from domain.request import CreateRequest, ExecRequest, Mount, RuntimeOptions, Stdio
from domain.shim import Shim
from domain.unit import Whom
from domain.use_cases.add_exec import add_exec
from domain.use_cases.create import create
from domain.use_cases.delete import delete
from domain.use_cases.kill import kill
from domain.use_cases.pause import pause, resume
from domain.use_cases.query import state, wait
from domain.use_cases.start import start
from sim.incarnation import Incarnation, Machine
from sim.scheduler import Scheduler
from sim.world.disk import Bundle
from sim.world.kernel import SIGKILL, SIGTERM, Program
from sim.world.runc import MISSING, args_of

T = TypeVar("T")
Answer = Result[T, Refusal]
Ask = Callable[[Shim, Caller], Coroutine[Any, Any, Answer[T]]]

PATIENCE_S: Final = (0.001, 200.0)
TRIES_MAX: Final = 60
RETRY_S: Final = 5.0


@dataclass(slots=True)
class Asked:
    """What one process's clients were told."""

    exits: list[Exit] = field(default_factory=list)
    started: bool = False
    gone: bool = False


@dataclass(slots=True)
class Host:
    """Who serves now; a client that finds nobody waits for the next."""

    machine: Machine
    shim: Incarnation


class Life:
    """One container and everything its client does."""

    def __init__(self, host: Host, container_id: str, namespace: str) -> None:
        self.key = ContainerKey(Namespace(namespace), ContainerId(container_id))
        self.init = ProcessKey(self.key)
        self.asked: dict[ProcessKey, Asked] = {}
        self.created = False
        self.deleted = False
        self._host = host
        self._choices = host.machine.world.choices
        self._bundle = f"/run/bundles/{namespace}/{container_id}"

    @property
    def _scheduler(self) -> Scheduler:
        return self._host.machine.world.scheduler

    def _draw_program(self) -> Program:
        choices = self._choices
        return Program(
            exits=choices.one_of((0, 0, 1, 3, 42, 255)),
            runs_s=choices.one_of((0.0, 0.0, choices.between(0.0, 0.05), 5.0, None)),
            on_term=choices.one_of((None, 0, 7)),
        )

    async def live(self) -> None:
        """The whole story of a container."""
        choices = self._choices
        missing = choices.happens(0.1)
        args = (MISSING,) if missing else args_of(self._draw_program())
        self._host.machine.disk.bundles[self._bundle] = Bundle(
            args, private_pid_namespace=choices.happens(0.8)
        )
        if not await self._create():
            self._tell("could not be created")
            await self._delete(self.init)  # as containerd does; there may be something (T110)
            return
        waiting = self._scheduler.spawn(f"{self.key} waits", self._wait(self.init), "client")
        if choices.happens(0.95):
            await self._start(self.init)
        if choices.happens(0.5):
            await self._execs()
        if choices.happens(0.2):
            await self._freeze()
        await self._end(self.init)
        await self._scheduler.first_of((waiting.done,), None)
        await self._delete(self.init)

    async def _execs(self) -> None:
        """Up to three at once."""
        works = [
            self._scheduler.spawn(f"{self.key} exec {number}", self._exec(number), "client")
            for number in range(1 + self._choices.index(3))
        ]
        for work in works:
            await self._scheduler.first_of((work.done,), None)

    async def _exec(self, number: int) -> None:
        key = ProcessKey(self.key, ExecId(f"e{number}"))
        missing = self._choices.happens(0.1)
        args = (MISSING,) if missing else args_of(self._draw_program())
        spec = f'{{"args": {_json(args)}}}'.encode()
        terminal = self._choices.happens(0.2)
        request = ExecRequest(key, Stdio(stdout="/fifo", terminal=terminal), spec)
        added = await self._ask("exec", lambda shim, _: add_exec(shim, request))
        if isinstance(added, Failure):
            return
        if self._choices.happens(0.9) and await self._start(key):
            await self._end(key)
            await self._wait(key)
        await self._delete(key)

    async def _create(self) -> bool:
        request = CreateRequest(
            owner=self.key,
            bundle=self._bundle,
            rootfs=(Mount("bind", "/image", "", ("bind",)),),
            stdio=Stdio(stdout="/fifo", terminal=self._choices.happens(0.1)),
            checkpoint="",
            options=RuntimeOptions(),
            debug=self._choices.happens(0.1),
        )
        for _ in range(3):
            made = await self._ask("create", lambda shim, caller: create(shim, caller, request))
            if isinstance(made, Success):
                self.created = True
                return True
            seen = await self._ask("state", _state(self.init))
            if isinstance(seen, Success):
                self.created = True  # the answer was lost, not the container
                return True
        return False

    async def _start(self, key: ProcessKey) -> bool:
        twice = self._choices.happens(0.1)
        tasks = [
            self._scheduler.spawn(f"start {key}", self._ask("start", _start(key)), "client")
            for _ in range(2 if twice else 1)
        ]
        for task in tasks:
            await self._scheduler.first_of((task.done,), None)
        wins = sum(isinstance(task.outcome(), Success) for task in tasks)
        if wins:
            self._of(key).started = True
        return bool(wins)

    async def _freeze(self) -> None:
        frozen = await self._ask("pause", lambda shim, _: pause(shim, self.key))
        if isinstance(frozen, Success) and self._choices.happens(0.5):
            await self._ask("resume", lambda shim, _: resume(shim, self.key))

    async def _end(self, key: ProcessKey) -> None:
        """Kills until it is over; a signal before that, now and then."""
        if self._choices.happens(0.3):
            await self._ask("kill", _kill(key, SIGTERM))
        for _ in range(TRIES_MAX):
            seen = await self._ask("state", _state(key))
            match seen:
                case Success(view) if view.phase in {Phase.EXITED, Phase.DELETED}:
                    if view.exit is not None:
                        self._of(key).exits.append(view.exit)
                    return
                case Success(view) if view.phase is Phase.CREATED and key.exec_id is not None:
                    return
                case Failure(UnknownContainer() | UnknownExec()):
                    return
                case _:
                    pass
            if self._choices.happens(0.5):
                await self._ask("kill", _kill(key, SIGKILL))
            await self._scheduler.first_of((), RETRY_S)

    async def _wait(self, key: ProcessKey) -> None:
        for _ in range(TRIES_MAX):
            match await self._ask("wait", _wait(key), patience=None):
                case Success(exit_):
                    self._of(key).exits.append(exit_)
                    return
                case Failure(UnknownContainer() | UnknownExec()):
                    return
                case _:
                    await self._scheduler.first_of((), RETRY_S)

    async def _delete(self, key: ProcessKey) -> None:
        for _ in range(TRIES_MAX):
            match await self._ask("delete", _delete(key)):
                case Success(departed):
                    if self._of(key).started:
                        self._of(key).exits.append(departed.exit)
                    break
                case Failure(UnknownContainer() | UnknownExec()):
                    break
                case _:
                    await self._ask("kill", _kill(key, SIGKILL))
                    await self._scheduler.first_of((), RETRY_S)
        else:
            return
        self._of(key).gone = True
        if key.exec_id is None:
            self.deleted = True

    async def _ask(
        self, what: str, ask: Ask[T], patience: tuple[float, float] | None = PATIENCE_S
    ) -> Answer[T] | None:
        """One call; None when no answer came: the shim died or the client gave up."""
        serving = self._host.shim
        while serving.dead.is_open or not serving.ready.is_open:
            await self._scheduler.first_of((serving.ready, serving.dead), 1.0)
            serving = self._host.shim
        caller = serving.caller()
        work = serving.call(f"{what} {self.key}", ask(serving.shim, caller))
        within = None
        if patience is not None and self._choices.happens(0.1):
            within = self._choices.between(*patience)
        came = await self._scheduler.first_of((work.done, serving.dead), within)
        if came is not work.done:
            caller.gone.open()
            self._tell(f"{what}: no answer")
            return None
        answer = work.outcome()
        self._tell(f"{what}: {answer}")
        return answer

    def _of(self, key: ProcessKey) -> Asked:
        return self.asked.setdefault(key, Asked())

    def _tell(self, what: str) -> None:
        self._host.machine.world.tell("client", f"{self.key} {what}")


def _json(args: tuple[str, ...]) -> str:
    return json.dumps(args)


def _start(key: ProcessKey) -> Ask[Any]:
    return lambda shim, caller: start(shim, caller, key)


def _wait(key: ProcessKey) -> Ask[Any]:
    return lambda shim, caller: wait(shim, caller, key)


def _delete(key: ProcessKey) -> Ask[Any]:
    return lambda shim, caller: delete(shim, caller, key)


def _kill(key: ProcessKey, signal: int) -> Ask[Any]:
    return lambda shim, _: kill(shim, key, signal, Whom.ALL)


def _state(key: ProcessKey) -> Ask[Any]:
    async def ask(shim: Shim, _: Caller) -> Answer[Any]:
        return state(shim, key)

    return ask
