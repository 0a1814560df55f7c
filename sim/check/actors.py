"""The clients of a scope: they do what it says, and the first one clears away at the end."""

import json
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, Final

from domain.identity import ExecId, ProcessKey
from domain.request import ExecRequest, Stdio
from sim import requests
from sim.check.scope import Do, Scope
from sim.client import Ask, Client, Host
from sim.life import Life, Round
from sim.world.disk import Bundle
from sim.world.kernel import SIGKILL
from sim.world.runc import args_of

EXEC: Final = ExecId("e0")


class Whose(Enum):
    """Which process a call is about."""

    INIT = auto()
    EXEC = auto()


class Owner(Life):
    """The first client, whose container it is."""

    def __init__(self, host: Host, scope: Scope) -> None:
        super().__init__(host, "c0", "default")
        self.scope = scope
        self.rounds.append(
            Round(
                begun_s=self.scheduler.now,
                private_pid_namespace=True,
                missing=False,
                terminal=False,
                checkpoint="",
            )
        )
        host.machine.disk.bundles[self.bundle] = Bundle(args_of(scope.program))

    async def does(self, steps: tuple[Do, ...]) -> None:
        for step in steps:
            if step is Do.CREATE:
                await self._create()
            else:
                await ask(self, self, step)

    async def clears_away(self) -> None:
        """As containerd does: until the container is gone, and the shim's `delete` after that."""
        if self.rounds[-1].created:
            if await self._end(self.init):
                await self._wait(self.init)
            await self._delete(self.init)
        await self._clean_up()
        self.rounds[-1].ended_s = self.scheduler.now

    def exec_key(self) -> ProcessKey:
        return ProcessKey(self.owner, EXEC)


class Other(Client):
    """The second client, with a connection of its own."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner.host, "second", owner.owner)
        self._owner = owner

    async def does(self, steps: tuple[Do, ...]) -> None:
        for step in steps:
            await ask(self, self._owner, step)


async def ask(client: Client, owner: Owner, step: Do) -> None:
    """One call of the scope; a Wait's client has all the time in the world."""
    what, whose, question = QUESTIONS[step]
    key = owner.init if whose is Whose.INIT else owner.exec_key()
    await client.ask(what, key, question(owner, key), patient=what == "wait")


def _exec_request(owner: Owner) -> ExecRequest:
    key = owner.exec_key()
    spec = json.dumps({"args": args_of(owner.scope.exec_program)}).encode()
    request = ExecRequest(key, Stdio(stdout=f"/fifo/{key}/out"), spec)
    owner.rounds[-1].execs[key] = request
    return request


# What each is called, whom it is about, and how it is asked.
QUESTIONS: Final[Mapping[Do, tuple[str, Whose, Callable[[Owner, ProcessKey], Ask[Any]]]]] = {
    Do.START: ("start", Whose.INIT, lambda _, key: requests.start(key)),
    Do.WAIT: ("wait", Whose.INIT, lambda _, key: requests.wait(key)),
    Do.KILL: ("kill", Whose.INIT, lambda _, key: requests.kill(key, SIGKILL)),
    Do.DELETE: ("delete", Whose.INIT, lambda _, key: requests.delete(key)),
    Do.ADD_EXEC: ("exec", Whose.EXEC, lambda owner, _: requests.add_exec(_exec_request(owner))),
    Do.START_EXEC: ("start", Whose.EXEC, lambda _, key: requests.start(key)),
    Do.WAIT_EXEC: ("wait", Whose.EXEC, lambda _, key: requests.wait(key)),
    Do.KILL_EXEC: ("kill", Whose.EXEC, lambda _, key: requests.kill(key, SIGKILL)),
    Do.DELETE_EXEC: ("delete", Whose.EXEC, lambda _, key: requests.delete(key)),
}
