"""The project's own client of a machine's shim, where containerd's ways would stand in the way.

It does what containerd does: it runs the binary's `start`, speaks ttrpc with the address it is
given, and takes the events. But it holds to its connection's end what containerd takes for the
shim's death, and lets a test do one call at a time.
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from adapters.messages import events_pb2, forward_pb2, task_pb2
from adapters.ttrpc import Call, Client, Result, Server, Status, connect, listen
from tests.lab.containers import IMAGE, PATIENCE_SECONDS, daemon_down
from tests.lab.fifos import FOLDER, Fifos
from tests.lab.root import Root

SERVICE: Final = "containerd.task.v3.Task"
EVENTS: Final = "containerd.services.events.ttrpc.v1.Events"
BINARY: Final = "containerd-shim-systemd-v1"
NAMESPACE_KEY: Final = "containerd-namespace-ttrpc"
_Answer = TypeVar("_Answer", bound=Message)


class RefusedError(AssertionError):
    """A call that had to succeed was refused."""


@dataclass(slots=True)
class Sink:
    """containerd's event service: what it heard, in the order in which it came."""

    heard: list[tuple[str, Message]] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def forward(self, _call: Call, payload: bytes) -> Result:
        envelope = forward_pb2.ForwardRequest.FromString(payload).envelope
        event = getattr(events_pb2, envelope.event.type_url.rpartition(".")[2])()
        event.ParseFromString(envelope.event.value)
        async with self._news:
            self.heard.append((envelope.topic.removeprefix("/tasks/"), event))
            self._news.notify_all()
        return b""

    def topics(self, container: str) -> list[str]:
        return [topic for topic, event in self.heard if _owner(event) == container]

    async def until(self, container: str, topic: str) -> Any:
        """The first event of this topic about the container, when it has come."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._news:
            await self._news.wait_for(lambda: topic in self.topics(container))
        return next(
            event for told, event in self.heard if told == topic and _owner(event) == container
        )


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
    _living: set[str] = field(default_factory=set)

    def id(self, word: str) -> str:
        return f"{self.mark}{word}"

    def unit(self, word: str) -> str:
        return f"io-containerd-systemd-{self.namespace}-{self.id(word)}-init.service"

    async def create(self, word: str, *argv: str, stdio: Fifos | None = None) -> int:
        """Makes a bundle, runs `start`, and asks for the container; answers its pid."""
        container, bundle = self.id(word), self.bundle(word)
        self._living.add(word)
        await asyncio.to_thread(self._make_bundle, word, argv)
        await self.start_binary(word)
        names = stdio or Fifos.none()
        request = task_pb2.CreateTaskRequest(
            id=container,
            bundle=bundle,
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

    async def exec(self, word: str, exec_id: str, *argv: str, stdio: Fifos | None = None) -> int:
        """Exec and its Start."""
        names = stdio or Fifos.none()
        process = {"args": argv, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}}
        spec = AnyMessage(
            type_url="types.containerd.io/opencontainers/runtime-spec/1/Process",
            value=json.dumps(process).encode(),
        )
        request = task_pb2.ExecProcessRequest(
            id=self.id(word),
            exec_id=exec_id,
            stdin=names.stdin,
            stdout=names.stdout,
            stderr=names.stderr,
            spec=spec,
        )
        await self.call("Exec", request, task_pb2.ExecProcessRequest)
        return await self.start(word, exec_id)

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
            self._living.discard(word)
        return answer

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
        return await client.call(SERVICE, method, payload, PATIENCE_SECONDS, metadata)

    async def start_binary(self, word: str) -> None:
        """What containerd runs first; the daemon is told of by the address it prints."""
        said = await asyncio.to_thread(self.binary, word, "start")
        self._address = said.removeprefix("unix://")

    def binary(self, word: str, action: str) -> str:
        """Runs the shim's binary as containerd does, with the bundle as working folder."""
        bundle = self.bundle(word)
        call = self.root.run(
            *("env", "-C", bundle, f"TTRPC_ADDRESS={self.events_address}", BINARY),
            *("-namespace", self.namespace, "-address", "/run/containerd/containerd.sock"),
            *("-publish-binary", "/usr/bin/containerd", "-id", self.id(word)),
            *("-bundle", bundle, action),
            timeout=PATIENCE_SECONDS,
            check=True,
        )
        return call.stdout

    def bundle(self, word: str) -> str:
        return f"{FOLDER}/{self.id(word)}"

    def end_all(self) -> None:
        """As containerd at a shim's death: the binary's `delete`, then the bundle's removal."""
        for word in self._living:
            self.binary(word, "delete")
        self.root.shell(f"rm -rf {FOLDER}/{self.mark}* {FOLDER}/fifos")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def _connected(self) -> Client:
        if self._connection is not None and self._connection.closed.is_set():
            self.close()
        if self._connection is None:
            self._connection = await connect(os.fspath(self.root.path(self._address)))
        return self._connection

    def _make_bundle(self, word: str, argv: tuple[str, ...]) -> None:
        bundle = self.bundle(word)
        self.root.shell(f"mkdir -p {bundle}; cd {bundle}; rm -f config.json; runc spec")
        path = self.root.path(f"{bundle}/config.json")
        config = json.loads(path.read_text())
        config["process"].update(args=list(argv), terminal=False)
        config["root"] = {"path": f"{FOLDER}/rootfs", "readonly": False}
        config["process"].pop("rlimits", None)
        path.write_text(json.dumps(config))


@contextlib.asynccontextmanager
async def shim_client(
    root: Root, mark: str, namespace: str = "default"
) -> AsyncIterator[ShimClient]:
    """A client with an event sink; at the end its containers are ended, their bundles removed."""
    sink = Sink()
    inside = f"{FOLDER}/events.sock"
    await asyncio.to_thread(_make_rootfs, root)
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


@contextlib.asynccontextmanager
async def daemon_away(root: Root) -> AsyncIterator[None]:
    """`daemon_down`, beside which the loop goes on and the client hears of its lost connection."""
    down = daemon_down(root)
    await asyncio.to_thread(down.__enter__)
    try:
        yield
    finally:
        await asyncio.to_thread(down.__exit__, None, None, None)


def _make_rootfs(root: Root) -> None:
    """The image's files, unpacked once: bundles share it, none writes outside its mounts."""
    rootfs = f"{FOLDER}/rootfs"
    root.shell(
        f"[ -d {rootfs} ] && exit; mkdir -p {rootfs}.new {FOLDER}/image\n"
        f"ctr images mount {IMAGE} {FOLDER}/image >&2\n"
        f"cp -a {FOLDER}/image/. {rootfs}.new; umount {FOLDER}/image\n"
        f"ctr snapshots rm {FOLDER}/image >&2 || true; mv {rootfs}.new {rootfs}",
        timeout=PATIENCE_SECONDS,
    )


def _owner(event: Any) -> str:
    return str(event.container_id)
