"""The client that owns a container: from Create to Delete, with what its seed draws."""

import json
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from returns.result import Failure, Success

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import UnknownContainer, UnknownExec, WrongPhase
from domain.request import CreateRequest, ExecRequest, Mount, RuntimeOptions, Stdio
from domain.use_cases.query import ProcessView
from sim import requests
from sim.client import Ask, Client, Host
from sim.requests import NO_SIGNAL, OF_A_CONTAINER, OF_A_PROCESS
from sim.world.disk import Bundle
from sim.world.kernel import SIGKILL, SIGSEGV, SIGTERM, Program
from sim.world.runc import MISSING, args_of

TRIES_MAX: Final = 120
RETRY_S: Final = 5.0
MEANWHILE_S: Final = 0.001
CREATES_MAX: Final = 3
EXECS_MAX: Final = 3
EXEC_TRIES_MAX: Final = 2
# What is read of it, and shown, where it is asked for in a debug answer.
CONFIG: Final = {"ociVersion": "1.0.2"}
# The exec of a container that is over, or not there any more.
LATE_EXEC: Final = ExecId("late")


@dataclass(slots=True)
class Round:
    """One container: what was drawn for it, and how far its client came."""

    begun_s: float
    private_pid_namespace: bool
    missing: bool
    terminal: bool
    checkpoint: str
    request: CreateRequest | None = None
    execs: dict[ProcessKey, ExecRequest] = field(default_factory=dict)
    ended_s: float = inf
    created: bool = False
    # A Create without an answer may have made a container all the same.
    unanswered: bool = False
    deleted: bool = False

    def stdio(self, key: ProcessKey) -> Stdio | None:
        """What was asked for a process of it; None: nothing is known of such a request."""
        asked = self.request if key.exec_id is None else self.execs.get(key)
        return None if asked is None else asked.stdio


class Life(Client):
    """One id, and everything that its owner does with it: once, or again after the Delete."""

    def __init__(self, host: Host, container_id: str, namespace: str) -> None:
        super().__init__(
            host, "client", ContainerKey(Namespace(namespace), ContainerId(container_id))
        )
        self.init = ProcessKey(self.owner)
        self.rounds: list[Round] = []
        self.is_shared = False  # with a second client
        self.bundle = f"/run/bundles/{namespace}/{container_id}"

    async def live(self) -> None:
        await self._once()
        while self.choices.happens(0.15):
            # In another instant, however plain the world: time tells one container from the next.
            await self.pause(MEANWHILE_S)
            await self._once()

    async def _once(self) -> None:
        """The whole story of a container."""
        self.rounds.append(self._draw_round())
        if await self._create():
            waiting = self.scheduler.spawn(f"{self.owner} waits", self._wait(self.init), "client")
            await self._use()
            if await self._end(self.init):
                await self.scheduler.first_of((waiting.done,), None)
                await self._in_vain(self.init, "start", "kill", "exec", "pause")
            await self._delete(self.init)
            await self._in_vain(self.init, *OF_A_PROCESS, *OF_A_CONTAINER, "exec")
        else:
            self.tell(f"{self.owner} could not be created")
        # containerd runs the shim's `delete` after a failure and after every ordinary removal.
        await self._clean_up()
        self.rounds[-1].ended_s = self.scheduler.now

    async def _use(self) -> None:
        await self._in_vain(self.init, "create", "pause", "resume")
        if not self.choices.happens(0.05):
            await self._attach(self.init)
            await self._start(self.init)
            await self._in_vain(self.init, "create", "start", "resume")
        works = [
            work
            for work, probability in ((self._execs, 0.5), (self._freeze, 0.2))
            if self.choices.happens(probability)
        ]
        tasks = []
        for work in works:
            tasks.append(self.scheduler.spawn(f"{self.owner} is used", work(), "client"))
            if not self.choices.happens(0.3):  # else beside each other
                await self.scheduler.first_of((tasks[-1].done,), None)
        for task in tasks:
            await self.scheduler.first_of((task.done,), None)

    def _draw_round(self) -> Round:
        happens = self.choices.happens
        drawn = Round(
            begun_s=self.scheduler.now,
            private_pid_namespace=not happens(0.2),
            missing=happens(0.1),
            terminal=happens(0.15),
            checkpoint="/checkpoint" if happens(0.1) else "",
        )
        args = (MISSING,) if drawn.missing else args_of(self._draw_program())
        self.host.machine.disk.bundles[self.bundle] = Bundle(
            args,
            private_pid_namespace=drawn.private_pid_namespace,
            is_mounted_by_shim=True,
            config=CONFIG,
        )
        return drawn

    def _draw_program(self) -> Program:
        choices = self.choices
        return Program(
            exits=choices.one_of((0, 0, 1, 3, 42, 255)),
            runs_s=choices.one_of((0.0, 0.0, choices.between(0.0, 0.05), 5.0, None)),
            on_term=choices.one_of((None, 0, 7)),
            crashes=SIGSEGV if choices.happens(0.05) else 0,
        )

    async def _create(self) -> bool:
        drawn = self.rounds[-1]
        request = CreateRequest(
            owner=self.owner,
            bundle=self.bundle,
            rootfs=(Mount("bind", "/image", "", ("bind",)),),
            stdio=self._stdio(self.init, terminal=drawn.terminal),
            checkpoint=drawn.checkpoint,
            options=RuntimeOptions(),
            debug=self.choices.happens(0.1),
            publish_to=self.host.machine.sink.address,
        )
        drawn.request = request
        for _ in range(CREATES_MAX):
            made = await self.ask("create", self.init, requests.create(request))
            if made is None:
                drawn.unanswered = True
                if not self.is_shared:  # else somebody may delete it, and then there are two
                    await self.pause(RETRY_S)
            if isinstance(made, Success) or await self._is_there():
                drawn.created = True
                return True
        return False

    async def _is_there(self) -> bool:
        """The answer may be lost, and not the container.

        An exited one is the former: its last record no disk would let go before a crash (F116).
        """
        match await self.ask("state", self.init, requests.state(self.init)):
            case Success(view):
                return bool(view.phase is Phase.CREATED)
            case _:
                return False

    def _stdio(self, key: ProcessKey, *, terminal: bool) -> Stdio:
        stdin = f"/fifo/{key}/in" if self.choices.happens(0.3) else ""
        return Stdio(stdin, f"/fifo/{key}/out", terminal=terminal)

    async def _attach(self, key: ProcessKey) -> None:
        """What a client does beside a start: a window has its size, and stdin comes to its end."""
        if self.choices.happens(0.3):
            await self.ask("resize", key, requests.resize(key))
        if self.choices.happens(0.3):
            await self.ask("close stdin", key, requests.close_stdin(key))

    async def _start(self, key: ProcessKey) -> bool:
        """Now and then by two connections at once, of which one has to lose."""
        tasks = [
            self.scheduler.spawn(
                f"start {key}", self.ask("start", key, requests.start(key)), "client"
            )
            for _ in range(2 if self.choices.happens(0.1) else 1)
        ]
        for task in tasks:
            await self.scheduler.first_of((task.done,), None)
        return any(isinstance(task.outcome(), Success) for task in tasks)

    async def _in_vain(self, key: ProcessKey, *calls: str) -> None:
        """Now and then a client asks for what it could know to be impossible."""
        if not self.choices.happens(0.1):
            return
        what = self.choices.one_of(calls)
        await self.ask(what, key, self._request(what, key), signal=SIGKILL)

    def _request(self, what: str, key: ProcessKey) -> Ask[Any]:
        if what in OF_A_PROCESS:
            return OF_A_PROCESS[what](key)
        if what in OF_A_CONTAINER:
            return OF_A_CONTAINER[what](self.owner)
        drawn = self.rounds[-1]
        if what == "create" and drawn.request is not None:
            return requests.create(drawn.request)
        again = drawn.execs.get(key)
        return requests.add_exec(again or self.exec_request(ProcessKey(self.owner, LATE_EXEC)))

    async def _execs(self) -> None:
        """Up to three at once."""
        works = [
            self.scheduler.spawn(f"{self.owner} exec {number}", self._exec(number), "client")
            for number in range(1 + self.choices.index(EXECS_MAX))
        ]
        for work in works:
            await self.scheduler.first_of((work.done,), None)

    async def _exec(self, number: int) -> None:
        key = ProcessKey(self.owner, ExecId(f"e{number}"))
        for _ in range(EXEC_TRIES_MAX):
            added = await self.ask("exec", key, requests.add_exec(self.exec_request(key)))
            if not isinstance(added, Failure):
                break
        else:
            return
        # Of two clients one may have deleted it: what is added then is another.
        again = () if self.is_shared else ("exec",)
        await self._in_vain(key, "kill", *again)
        if not self.choices.happens(0.1):
            await self._attach(key)
            if await self._start(key) and await self._end(key):
                await self._wait(key)
                await self._in_vain(key, "start", "kill", "resize", *again)
        await self._delete(key)
        await self._in_vain(key, *OF_A_PROCESS)

    def exec_request(self, key: ProcessKey) -> ExecRequest:
        missing = self.choices.happens(0.1)
        args = (MISSING,) if missing else args_of(self._draw_program())
        stdio = self._stdio(key, terminal=self.choices.happens(0.2))
        request = ExecRequest(key, stdio, json.dumps({"args": args}).encode())
        if self.rounds:
            self.rounds[-1].execs[key] = request
        return request

    async def _freeze(self) -> None:
        frozen = await self.ask("pause", self.init, requests.pause(self.owner))
        for key in (self.init, *self.rounds[-1].execs):
            await self.ask("state", key, requests.state(key))
        if isinstance(frozen, Success):
            await self._in_vain(self.init, "pause", "exec")
        if isinstance(frozen, Success) and self.choices.happens(0.5):
            await self.ask("resume", self.init, requests.resume(self.owner))

    async def _end(self, key: ProcessKey) -> bool:
        """Kills until it is over; a signal before that, now and then. False: it never began."""
        if self.choices.happens(0.3):
            signal = NO_SIGNAL if self.choices.happens(0.1) else SIGTERM
            await self.ask("kill", key, requests.kill(key, signal), signal=signal)
        for _ in range(TRIES_MAX):
            match await self.ask("state", key, requests.state(key)):
                case Success(view) if view.phase in {Phase.EXITED, Phase.DELETED}:
                    return True
                case Success(view) if view.phase is Phase.CREATED and view.pid == 0:
                    return False  # an exec or a restore that was never started
                case Success(view):
                    await self._thaw(view)
                case Failure(UnknownContainer() | UnknownExec()):
                    return True
                case _:
                    pass
            if not self.choices.happens(0.5):
                await self.ask("kill", key, requests.kill(key, SIGKILL), signal=SIGKILL)
            await self.pause(RETRY_S)
        return True

    async def _wait(self, key: ProcessKey) -> None:
        for _ in range(TRIES_MAX):
            match await self.ask("wait", key, requests.wait(key), patient=True):
                case Success() | Failure(UnknownContainer() | UnknownExec()):
                    return
                case _:
                    await self.pause(RETRY_S)

    async def _delete(self, key: ProcessKey) -> None:
        for _ in range(TRIES_MAX):
            match await self.ask("delete", key, requests.delete(key)):
                case Success() | Failure(UnknownContainer() | UnknownExec()):
                    if key.exec_id is None:
                        self.rounds[-1].deleted = True
                    return
                case Failure(WrongPhase()) if key.exec_id is not None:
                    match await self.ask("state", key, requests.state(key)):
                        case Success(view):
                            await self._thaw(view)  # a second client may have paused it and gone
                        case _:
                            pass
                    await self._kill(key)
                case _:
                    await self._kill(key)

    async def _kill(self, key: ProcessKey) -> None:
        await self.ask("kill", key, requests.kill(key, SIGKILL), signal=SIGKILL)
        await self.pause(RETRY_S)

    async def _thaw(self, seen: ProcessView) -> None:
        """On cgroup v1 a frozen exec takes no signal before that (F99)."""
        if seen.phase is Phase.PAUSED and seen.key.exec_id is not None:
            await self.ask("resume", self.init, requests.resume(self.owner))

    async def _clean_up(self) -> None:
        for _ in range(TRIES_MAX):
            cleaned = await self.ask(
                "clean up", self.init, requests.clean_up(self.owner, self.bundle)
            )
            if isinstance(cleaned, Success):
                self.rounds[-1].deleted = True
                # The last that containerd does for a container, however it ended.
                self.host.machine.disk.bundles.pop(self.bundle, None)
                return
            await self.pause(RETRY_S)
