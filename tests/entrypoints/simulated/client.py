"""A client of a simulated shim as a test plays it: real socket, real bundles, real FIFOs."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message

from adapters.messages import events_pb2, forward_pb2, task_pb2
from adapters.task_service.namespace import METADATA_KEY
from adapters.ttrpc import Client, ConnectionLost, Result, Status, connect
from entrypoints.simulated.aloud import Aloud
from entrypoints.simulated.clockwork import Pace
from entrypoints.simulated.scenario import Scenario
from entrypoints.simulated.shim import Place, SimulatedShim
from tests.adapters.events.event_service import EventService
from tests.lab.fifos import read_to_end

SERVICE: Final = "containerd.task.v3.Task"
PATIENCE_SECONDS: Final = 60.0
# Time passes for whoever waits for something, and hardly by itself: no test knows how long the
# machine takes for the way from one call to the next.
PACE: Final = Pace(speed=500.0, lump_s=PATIENCE_SECONDS)
NOTHING_WRONG: Final = Scenario(seed=1)

_Answer = TypeVar("_Answer", bound=Message)


@dataclass(frozen=True, slots=True)
class Fifos:
    """A process's stdio; an empty name is none."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""

    @classmethod
    def made(cls, folder: Path) -> "Fifos":
        names = [str(folder / name) for name in ("stdin", "stdout", "stderr")]
        folder.mkdir()
        for name in names:
            os.mkfifo(name, 0o700)
        return cls(*names)

    def typing(self) -> BinaryIO:
        """The client's end of stdin; it waits for no reader."""
        return os.fdopen(os.open(self.stdin, os.O_RDWR | os.O_NONBLOCK), "wb", buffering=0)

    def read(self, name: str) -> "asyncio.Task[bytes]":
        """Everything that comes up to EOF. The FIFO is open when this returns."""
        end = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
        return asyncio.create_task(read_to_end(end))


class TaskClient:
    """Calls of the task API, each with what came of it."""

    def __init__(self, socket: str, folder: Path) -> None:
        self.socket = socket
        self.folder = folder
        self._connection: Client | None = None

    async def ask(self, method: str, **fields: Any) -> Result:
        """ConnectionLost when the shim dies meanwhile."""
        message = getattr(task_pb2, f"{_MESSAGE.get(method, method)}Request")(**fields)
        return await self.ask_in("default", method, message)

    async def ask_in(self, namespace: str, method: str, message: Message) -> Result:
        client = await self.connected()
        metadata = ((METADATA_KEY, namespace),) if namespace else ()
        payload = message.SerializeToString()
        return await client.call(SERVICE, method, payload, PATIENCE_SECONDS, metadata)

    async def connected(self) -> Client:
        """One connection, made anew when it is lost: a shim that is down comes back."""
        if self._connection is not None and self._connection.closed.is_set():
            self.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._connection is None:
                try:
                    self._connection = await connect(self.socket)
                except (ConnectionRefusedError, FileNotFoundError):
                    await asyncio.sleep(0.01)  # nothing tells that somebody listens
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    async def create(self, word: str, *said: str, stdio: Fifos | None = None) -> Result:
        """`said`: the variables that tell the program what to do."""
        bundle = self.make_bundle(word, said)
        names = stdio or Fifos()
        return await self.ask(
            "Create",
            id=word,
            bundle=str(bundle),
            stdin=names.stdin,
            stdout=names.stdout,
            stderr=names.stderr,
        )

    async def run(self, word: str, *said: str, stdio: Fifos | None = None) -> int:
        """Create and Start, which must succeed; answers the pid."""
        ok(await self.create(word, *said, stdio=stdio), task_pb2.CreateTaskResponse)
        return ok(await self.ask("Start", id=word), task_pb2.StartResponse).pid

    async def exec(self, word: str, exec_id: str, *said: str, stdio: Fifos | None = None) -> Result:
        """Exec, without its Start."""
        names = stdio or Fifos()
        return await self.ask(
            "Exec",
            id=word,
            exec_id=exec_id,
            stdin=names.stdin,
            stdout=names.stdout,
            stderr=names.stderr,
            spec=AnyMessage(value=json.dumps({"args": ["sh"], "env": list(said)}).encode()),
        )

    async def wait(self, word: str, exec_id: str = "") -> task_pb2.WaitResponse:
        return ok(await self.ask("Wait", id=word, exec_id=exec_id), task_pb2.WaitResponse)

    async def delete(self, word: str, exec_id: str = "") -> task_pb2.DeleteResponse:
        return ok(await self.ask("Delete", id=word, exec_id=exec_id), task_pb2.DeleteResponse)

    async def until_it_dies(self, word: str) -> None:
        """Asks on until the connection is lost."""
        with contextlib.suppress(ConnectionLost):
            while True:
                await self.ask("Pids", id=word)

    def make_bundle(self, word: str, said: tuple[str, ...] = (), **config: Any) -> Path:
        bundle = self.folder / "bundles" / word
        bundle.mkdir(parents=True, exist_ok=True)
        whole = {
            "process": {"args": ["sh"], "env": ["PATH=/bin", *said]},
            "linux": {"namespaces": [{"type": "pid"}]},
            **config,
        }
        (bundle / "config.json").write_text(json.dumps(whole))
        return bundle


# Where a request's message has another name than its method.
_MESSAGE: Final = {"Create": "CreateTask", "Exec": "ExecProcess"}


def ok(result: Result, answer: type[_Answer]) -> _Answer:
    """The answer to a call that has to succeed."""
    assert not isinstance(result, Status), result
    return answer.FromString(result)


@dataclass(frozen=True, slots=True)
class Scene:
    """A simulated shim, its client, and the event service that it tells."""

    shim: SimulatedShim
    client: TaskClient
    events: EventService
    story: list[str]

    def topics(self, word: str) -> list[str]:
        """What was told of a container, in order; of an exec `exit:EXEC`."""
        return [topic for topic, owner in map(_topic, self.events.envelopes) if owner == word]

    async def told(self, word: str, topic: str) -> list[str]:
        """All topics of the container, as soon as this one is among them."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while topic not in self.topics(word):  # noqa: ASYNC110 (it tells nobody)
                await asyncio.sleep(0.01)
        return self.topics(word)


@contextlib.asynccontextmanager
async def scene(
    folder: Path,
    scenario: Scenario = NOTHING_WRONG,
    pace: Pace = PACE,
    namespace: str = "",
) -> AsyncIterator[Scene]:
    """Serves while the block lasts."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 (a test has the loop for itself)
    events = EventService(str(folder / "events.sock"))
    await events.come_back()
    place = Place(str(folder / "shim.sock"), namespace, events.address)
    story: list[str] = []
    shim = SimulatedShim(scenario, place, pace, Aloud(say=story.append))
    shim.open()
    client = TaskClient(place.socket, folder)
    try:
        yield Scene(shim, client, events, story)
    finally:
        client.close()
        await shim.close()
        await events.go_away()


def _topic(request: forward_pb2.ForwardRequest) -> tuple[str, str]:
    envelope = request.envelope
    event = getattr(events_pb2, envelope.event.type_url.rpartition(".")[2])()
    event.ParseFromString(envelope.event.value)
    topic = envelope.topic.removeprefix("/tasks/")
    subject = getattr(event, "exec_id", "") or getattr(event, "id", "") or event.container_id
    return (topic if subject == event.container_id else f"{topic}:{subject}", event.container_id)
