"""The project's own client of a machine's shim, where containerd's ways would stand in the way.

It does what containerd does: it runs the binary's `start`, speaks ttrpc with the address it is
given, and takes the events. But to it a lost connection is no more than that, where containerd
takes it for the shim's death; and it lets a test do one call at a time.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from adapters.messages import process_pb2, task_pb2
from adapters.ttrpc import Client, Result, Server, Status, connect, listen
from entrypoints import places
from tests.lab.bundle import make_bundle, unpack_image
from tests.lab.containers import PATIENCE_SECONDS, Containers, daemon_down
from tests.lab.event_sink import Sink
from tests.lab.fifos import FOLDER, Fifos, reading
from tests.lab.root import Root

TASKS: Final = "containerd.task.v3.Task"
EVENTS: Final = "containerd.services.events.ttrpc.v1.Events"
NAMESPACE_KEY: Final = "containerd-namespace-ttrpc"
_Answer = TypeVar("_Answer", bound=Message)


class RefusedError(AssertionError):
    """A call that had to succeed was refused."""


@dataclass(slots=True)
class ShimClient:
    """Containers of one namespace, through one connection that is made anew when it is lost."""

    root: Root
    namespace: str
    mark: str
    sink: Sink
    events_address: str
    _address: str = ""
    _connection: Client | None = None
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)
    living: set[str] = field(default_factory=set)

    def id(self, word: str) -> str:
        return f"{self.mark}{word}"

    def unit(self, word: str, exec_id: str = "") -> str:
        kind = f"{exec_id}-exec" if exec_id else "init"
        return f"io-containerd-systemd-{self.namespace}-{self.id(word)}-{kind}.service"

    async def create(self, word: str, *argv: str, stdio: Fifos | None = None) -> int:
        """Makes a bundle, runs `start`, and asks for the container; answers its pid."""
        await asyncio.to_thread(make_bundle, self.root, self.bundle(word), argv)
        self.living.add(word)
        await self.start_binary(word)
        names = stdio or Fifos.none()
        request = task_pb2.CreateTaskRequest(
            id=self.id(word),
            bundle=self.bundle(word),
            stdin=names.stdin,
            stdout=names.stdout,
            stderr=names.stderr,
        )
        return (await self.call("Create", request, task_pb2.CreateTaskResponse)).pid

    async def run(self, word: str, *argv: str, stdio: Fifos | None = None) -> int:
        """Create and Start."""
        await self.create(word, *argv, stdio=stdio)
        return await self.start(word)

    async def start(self, word: str, exec_id: str = "") -> int:
        request = task_pb2.StartRequest(id=self.id(word), exec_id=exec_id)
        return (await self.call("Start", request, task_pb2.StartResponse)).pid

    async def add_exec(
        self, word: str, exec_id: str, *argv: str, stdio: Fifos | None = None
    ) -> None:
        """Exec, without its Start."""
        request = exec_request(self.id(word), exec_id, argv, stdio or Fifos.none())
        await self.call("Exec", request, task_pb2.ExecProcessRequest)

    async def exec(self, word: str, exec_id: str, *argv: str, stdio: Fifos | None = None) -> int:
        """Exec and its Start."""
        await self.add_exec(word, exec_id, *argv, stdio=stdio)
        return await self.start(word, exec_id)

    async def up(self, word: str, script: str, exec_id: str = "") -> int:
        """Runs a shell script that prints a line when it has come so far; answers its pid then."""
        stdio = Fifos.made(self.root, f"{self.id(word)}-{exec_id}").stdout_alone()
        async with reading(stdio.open_to_read("stdout")) as output:
            if exec_id:
                pid = await self.exec(word, exec_id, "sh", "-c", script, stdio=stdio)
            else:
                pid = await self.run(word, "sh", "-c", script, stdio=stdio)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await output.readline() == b"up\n"
        return pid

    async def state(self, word: str, exec_id: str = "") -> task_pb2.StateResponse:
        request = task_pb2.StateRequest(id=self.id(word), exec_id=exec_id)
        return await self.call("State", request, task_pb2.StateResponse)

    async def wait(self, word: str, exec_id: str = "") -> task_pb2.WaitResponse:
        request = task_pb2.WaitRequest(id=self.id(word), exec_id=exec_id)
        return await self.call("Wait", request, task_pb2.WaitResponse)

    async def kill(self, word: str, signal: int, exec_id: str = "") -> None:
        request = task_pb2.KillRequest(id=self.id(word), exec_id=exec_id, signal=signal)
        await self.call("Kill", request, task_pb2.KillRequest)

    async def delete(self, word: str, exec_id: str = "") -> task_pb2.DeleteResponse:
        request = task_pb2.DeleteRequest(id=self.id(word), exec_id=exec_id)
        answer = await self.call("Delete", request, task_pb2.DeleteResponse)
        if not exec_id:
            self.living.discard(word)
        return answer

    async def ended(self, word: str, exec_id: str = "") -> task_pb2.DeleteResponse:
        """Waits for a process's end and deletes it; Wait, State, events and Delete tell one end."""
        container, exit_topic = self.id(word), f"exit:{exec_id}" if exec_id else "exit"
        waited = await self.wait(word, exec_id)
        state = await self.state(word, exec_id)
        assert state.status == process_pb2.STOPPED
        await self.sink.until(container, exit_topic)
        deleted = await self.delete(word, exec_id)
        told = [waited, state, deleted, *self.sink.all_of(container, exit_topic)]
        ends = {(each.exit_status, each.exited_at.ToNanoseconds()) for each in told}
        assert len(ends) == 1, (word, exec_id, ends)
        return deleted

    async def close_stdin(self, word: str, exec_id: str = "") -> None:
        request = task_pb2.CloseIORequest(id=self.id(word), exec_id=exec_id, stdin=True)
        await self.call("CloseIO", request, task_pb2.CloseIORequest)

    async def call(self, method: str, request: Message, answer: type[_Answer]) -> _Answer:
        """One call that has to succeed; a refusal is a RefusedError."""
        result = await self.ask(method, request)
        if isinstance(result, Status):
            raise RefusedError(f"{method}: {result.code} {result.message}")
        return answer.FromString(result)

    async def ask(self, method: str, request: Message) -> Result:
        """One call, with what came of it. ConnectionLost when the daemon dies meanwhile."""
        client = await self._connected()
        metadata = ((NAMESPACE_KEY, self.namespace),)
        payload = request.SerializeToString()
        return await client.call(TASKS, method, payload, PATIENCE_SECONDS, metadata)

    async def connection_lost(self) -> None:
        """Returns when the daemon has hung up."""
        if self._connection is not None:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._connection.closed.wait()

    async def start_binary(self, word: str) -> None:
        """What containerd runs first; the daemon is told of by the address it prints.

        It answers when a daemon does: after a restart that is when the tasks are found again.
        """
        said = (await asyncio.to_thread(self.binary, word, "start")).decode()
        self._address = said.removeprefix("unix://")

    def binary(self, word: str, action: str) -> bytes:
        """Runs the shim's binary as containerd does, with the bundle as working folder."""
        bundle = self.bundle(word)
        # Its output may be a protobuf message, and Root.run reads text.
        output = f"{bundle}/output"
        self.root.run(
            *("sh", "-euc", f'cd {bundle}; exec "$@" >{output}', "sh"),
            *("env", f"TTRPC_ADDRESS={self.events_address}", places.BINARY),
            *("-namespace", self.namespace, "-address", "/run/containerd/containerd.sock"),
            *("-publish-binary", "/usr/bin/containerd", "-id", self.id(word)),
            *("-bundle", bundle, action),
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        return self.root.path(output).read_bytes()

    def delete_binary(self, word: str) -> task_pb2.DeleteResponse:
        """As containerd at a shim's death: what the binary's `delete` answers."""
        answer = task_pb2.DeleteResponse.FromString(self.binary(word, "delete"))
        self.living.discard(word)
        return answer

    def bundle(self, word: str) -> str:
        return f"{FOLDER}/{self.id(word)}"

    def end_all(self) -> None:
        """Nothing is left of any container: the binary's `delete`, then the bundle's removal."""
        for word in tuple(self.living):
            self.delete_binary(word)
        self.root.shell(f"rm -rf {FOLDER}/{self.mark}* {FOLDER}/fifos")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._connection is not None and self._connection.closed.is_set():
                self.close()
            if self._connection is None:
                self._connection = await connect(os.fspath(self.root.path(self._address)))
            return self._connection


def exec_request(
    container: str, exec_id: str, argv: tuple[str, ...], stdio: Fifos
) -> task_pb2.ExecProcessRequest:
    process = {"args": argv, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
    spec = AnyMessage(
        type_url="types.containerd.io/opencontainers/runtime-spec/1/Process",
        value=json.dumps(process).encode(),
    )
    return task_pb2.ExecProcessRequest(
        id=container,
        exec_id=exec_id,
        stdin=stdio.stdin,
        stdout=stdio.stdout,
        stderr=stdio.stderr,
        spec=spec,
    )


@contextlib.asynccontextmanager
async def shim_client(
    root: Root, mark: str, namespace: str = "default"
) -> AsyncIterator[ShimClient]:
    """A client with an event sink; at the end its containers are ended, their bundles removed."""
    sink = Sink()
    inside = f"{FOLDER}/events.sock"
    await asyncio.to_thread(unpack_image, root)
    path = root.path(inside)
    path.unlink(missing_ok=True)
    server = Server({EVENTS: {"Forward": sink.forward}})
    server.add_listener(listen(os.fspath(path)), "events")
    client = ShimClient(root, namespace, mark, sink, inside)
    try:
        yield client
    finally:
        await asyncio.to_thread(client.end_all)
        client.close()
        await server.close(0)


def play(containers: Containers, scenario: Callable[[ShimClient], Awaitable[None]]) -> None:
    """A test's scenario with a client, to its end."""

    async def whole() -> None:
        async with shim_client(containers.root, containers.mark) as client:
            # Reads of output wait for as long as nobody writes.
            async with asyncio.timeout(5 * PATIENCE_SECONDS):
                await scenario(client)

    asyncio.run(whole())


@contextlib.asynccontextmanager
async def daemon_away(root: Root) -> AsyncIterator[None]:
    """`daemon_down`, beside which the loop goes on and the client hears of its lost connection."""
    with contextlib.ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, daemon_down(root))
        try:
            yield
        finally:
            await asyncio.to_thread(stack.close)
