"""The daemon is killed again and again, at random moments, while containers live and die.

Nobody may lose an exit or be told another one. CI plays a short form; as long as one likes it is

    SHIM_SOAK_LIVES=200 SHIM_SOAK_KILLS=300 script/test tests/lab/test_e2e_daemon_soak.py
"""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeVar

import pytest
from google.protobuf.message import Message

from adapters.messages import process_pb2, task_pb2
from adapters.ttrpc import Code, ConnectionLost, Result, Status
from tests.lab.bundle import make_bundle
from tests.lab.containers import SERVICE, Containers
from tests.lab.fifos import Fifos
from tests.lab.root import CommandFailedError
from tests.lab.shim_client import ShimClient, exec_request, shim_client

LIVES: Final = int(os.environ.get("SHIM_SOAK_LIVES", "24"))
KILLS: Final = int(os.environ.get("SHIM_SOAK_KILLS", "16"))
SEED: Final = int(os.environ.get("SHIM_SOAK_SEED", "1"))
AT_ONCE: Final = 6
# Between two kills the daemon has hardly begun, is in the thick of it, or has come to rest.
PAUSE_S: Final = (0.0, 1.5)
LIMIT_S: Final = 60 + 10 * max(LIVES, KILLS)
SIGKILL: Final = 9
M = TypeVar("M", bound=Message)
KILL: Final = ("systemctl", "kill", "--kill-whom=main", "-s", "KILL", SERVICE)


@dataclass(slots=True)
class Soak:
    """How far it has come."""

    client: ShimClient
    random: Random
    kills: int = 0
    lives: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))
    lived: list[str] = field(default_factory=list)

    @property
    def goes_on(self) -> bool:
        return self.kills < KILLS or len(self.lived) < LIVES

    async def kill_the_daemon(self) -> None:
        """Again and again; a daemon that is not up yet is not hit, and does not count."""
        while self.goes_on:
            await asyncio.sleep(self.random.uniform(*PAUSE_S))
            hit = await asyncio.to_thread(self.client.root.run, *KILL)
            self.kills += hit.returncode == 0

    async def live(self) -> None:
        """One container after the other."""
        while self.goes_on:
            word = f"soak{next(self.lives)}"
            await Life(self, word).live()
            self.lived.append(word)


@dataclass(slots=True)
class Life:
    """One container, and a client to which a dead daemon is no answer."""

    soak: Soak
    word: str

    async def live(self) -> None:
        random, client = self.soak.random, self.soak.client
        status = random.choice((0, 1, 42, 255))
        killed = random.random() < 0.3
        script = f"sleep {random.choice((0, 0.1, 0.5))}; exit {status}"
        argv = ("sleep", "1000") if killed else ("sh", "-c", script)
        await asyncio.to_thread(make_bundle, client.root, client.bundle(self.word), argv)
        client.living.add(self.word)
        await self._find_daemon()
        await self._create()
        await self._start("")
        if killed:
            await self._exec(random.choice((0, 3)))
            kill = self._named(task_pb2.KillRequest, signal=SIGKILL)
            await self._must("Kill", kill, Code.NOT_FOUND)
        await self._ends("", 137 if killed else status)

    async def _create(self) -> None:
        client = self.soak.client
        request = task_pb2.CreateTaskRequest(
            id=client.id(self.word), bundle=client.bundle(self.word)
        )
        # It may have been made, and the answer lost.
        await self._must("Create", request, Code.ALREADY_EXISTS)

    async def _exec(self, status: int) -> None:
        argv = ("sh", "-c", f"exit {status}")
        request = exec_request(self.soak.client.id(self.word), "x", argv, Fifos.none())
        await self._must("Exec", request, Code.ALREADY_EXISTS)
        if await self._start("x"):
            await self._ends("x", status)
        else:
            await self._must("Delete", self._named(task_pb2.DeleteRequest, "x"), Code.NOT_FOUND)

    async def _start(self, exec_id: str) -> bool:
        """Whether it has run; an exec whose daemon died in its start may have been given up."""
        request = self._named(task_pb2.StartRequest, exec_id)
        result, was_lost = await self._ask("Start", request)
        if not isinstance(result, Status):
            return True
        assert was_lost, (self.word, exec_id, result)
        state = task_pb2.StateResponse.FromString(
            await self._must("State", self._named(task_pb2.StateRequest, exec_id))
        )
        assert state.status != process_pb2.CREATED, (self.word, exec_id, result)
        return state.pid != 0

    async def _ends(self, exec_id: str, status: int) -> None:
        """Wait, State, Delete and the event tell one end, and it is this one."""
        client = self.soak.client
        wait = await self._must("Wait", self._named(task_pb2.WaitRequest, exec_id))
        state = await self._must("State", self._named(task_pb2.StateRequest, exec_id))
        delete = self._named(task_pb2.DeleteRequest, exec_id)
        deleted = await self._must("Delete", delete, Code.NOT_FOUND)
        topic = f"exit:{exec_id}" if exec_id else "exit"
        await client.sink.until(client.id(self.word), topic)
        told = [
            task_pb2.WaitResponse.FromString(wait),
            task_pb2.StateResponse.FromString(state),
            *([task_pb2.DeleteResponse.FromString(deleted)] if deleted else []),
            *client.sink.all_of(client.id(self.word), topic),
        ]
        ends = {(each.exit_status, each.exited_at.ToNanoseconds()) for each in told}
        assert [end[0] for end in ends] == [status], (self.word, exec_id, ends)
        if not exec_id:
            client.living.discard(self.word)

    def _named(self, kind: type[M], exec_id: str = "", **more: object) -> M:
        return kind(id=self.soak.client.id(self.word), exec_id=exec_id, **more)

    async def _must(self, method: str, request: Message, known: Code | None = None) -> bytes:
        """The answer; empty where an earlier one, which was lost, makes this one a refusal."""
        result, was_lost = await self._ask(method, request)
        if not isinstance(result, Status):
            return result
        assert was_lost, (self.word, method, result)
        assert result.code == known, (self.word, method, result)
        return b""

    async def _ask(self, method: str, request: Message) -> tuple[Result, bool]:
        """The answer, and whether an earlier one was lost."""
        was_lost = False
        while True:
            try:
                return await self.soak.client.ask(method, request), was_lost
            except (ConnectionLost, OSError):
                was_lost = True
                await self._find_daemon()

    async def _find_daemon(self) -> None:
        """Returns when one is up, which may be dead the next moment."""
        while True:
            try:
                return await self.soak.client.start_binary(self.word)
            except CommandFailedError:
                continue  # it died over this very question


@pytest.mark.timeout(2 * LIMIT_S)
def test_no_exit_is_lost_or_told_wrong_however_often_the_daemon_is_killed(
    containers: Containers,
) -> None:
    async def whole() -> None:
        async with shim_client(containers.root, containers.mark) as client:
            soak = Soak(client, Random(SEED))
            async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as work:
                work.create_task(soak.kill_the_daemon())
                for _ in range(AT_ONCE):
                    work.create_task(soak.live())
            for word in soak.lived:
                await client.sink.until(client.id(word), "delete")
                # What was told just before the daemon died may be told again (decision 0010).
                told = list(dict.fromkeys(client.sink.topics(client.id(word))))
                assert told[0] == "create", (word, told)
                assert told[-2:] == ["exit", "delete"], (word, told)

    asyncio.run(whole())
