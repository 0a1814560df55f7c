"""The recordings as values: frames, calls of the shim's binary, and the order in which all came.

A folder for each generation, three files in it (`collect.py` writes them, `record.py` says how):

`frames.json`    one ttrpc frame of each kind that differs in what it holds
`commands.json`  the calls of the shim's binary, one of each kind
`calls.json`     for each scenario of `drive.py` what came after what, without contents
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

# Half of these are here for the descriptor pool's sake: their messages arrive inside an Any.
from adapters.messages import (  # noqa: F401
    cgroups_v1_pb2,
    cgroups_v2_pb2,
    events_pb2,
    forward_pb2,
    runc_pb2,
    runtimeoptions_pb2,
    task_pb2,
)
from adapters.ttrpc import ttrpc_pb2

GENERATIONS: Final = ("bookworm", "trixie", "sid")
HERE: Final = Path(__file__).parent
HEADER: Final = struct.Struct(">IIBB")
REQUEST: Final = 1
RESPONSE: Final = 2
# containerd's type urls of what it writes as JSON.
JSON_PREFIX: Final = "types.containerd.io/opencontainers/"

Link = Literal["task", "events"]
Speaker = Literal["containerd", "shim"]

# Method, request, answer: of the task service (v2 and v3) and of the event service.
METHODS: Final[Mapping[str, tuple[type[Message], type[Message]]]] = {
    "State": (task_pb2.StateRequest, task_pb2.StateResponse),
    "Create": (task_pb2.CreateTaskRequest, task_pb2.CreateTaskResponse),
    "Start": (task_pb2.StartRequest, task_pb2.StartResponse),
    "Delete": (task_pb2.DeleteRequest, task_pb2.DeleteResponse),
    "Pids": (task_pb2.PidsRequest, task_pb2.PidsResponse),
    "Pause": (task_pb2.PauseRequest, Empty),
    "Resume": (task_pb2.ResumeRequest, Empty),
    "Checkpoint": (task_pb2.CheckpointTaskRequest, Empty),
    "Kill": (task_pb2.KillRequest, Empty),
    "Exec": (task_pb2.ExecProcessRequest, Empty),
    "ResizePty": (task_pb2.ResizePtyRequest, Empty),
    "CloseIO": (task_pb2.CloseIORequest, Empty),
    "Update": (task_pb2.UpdateTaskRequest, Empty),
    "Wait": (task_pb2.WaitRequest, task_pb2.WaitResponse),
    "Stats": (task_pb2.StatsRequest, task_pb2.StatsResponse),
    "Connect": (task_pb2.ConnectRequest, task_pb2.ConnectResponse),
    "Shutdown": (task_pb2.ShutdownRequest, Empty),
    "Forward": (forward_pb2.ForwardRequest, Empty),
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One frame as it was on the wire, header included."""

    scenario: str
    link: Link
    speaker: Speaker
    method: str
    frame: bytes

    @property
    def header(self) -> tuple[int, int, int, int]:
        """Data length, stream id, kind, flags."""
        length, stream, kind, flags = HEADER.unpack_from(self.frame)
        return length, stream, kind, flags

    @property
    def is_request(self) -> bool:
        return self.header[2] == REQUEST

    @property
    def data(self) -> bytes:
        return self.frame[HEADER.size :]

    @property
    def request(self) -> ttrpc_pb2.Request:
        return ttrpc_pb2.Request.FromString(self.data)

    @property
    def response(self) -> ttrpc_pb2.Response:
        return ttrpc_pb2.Response.FromString(self.data)

    @property
    def payload(self) -> bytes:
        return self.request.payload if self.is_request else self.response.payload

    @property
    def message(self) -> Message:
        asked, answered = METHODS[self.method]
        return (asked if self.is_request else answered).FromString(self.payload)

    def __str__(self) -> str:
        return f"{self.scenario}: {self.method} {'request' if self.is_request else 'answer'}"


@dataclass(frozen=True, slots=True)
class Called:
    """One call of the shim's binary and what the real one answered.

    `environment` is what containerd adds to its own; `stdin` is None where it was no pipe (a pipe
    may still be empty).
    """

    scenario: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    stdin: bytes | None
    stdout: bytes
    stderr: str
    status: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line of `calls.json`: a request, an answer, a closed connection, or a command.

    Within a connection the order is that of the wire. Between a task's connection, its events'
    and the commands it is the tap's, which may be wrong by a scheduler's whim.
    """

    link: str  # "task0": the scenario's first task connection; "command"
    stream: int
    sign: str  # ">" asks, "<" answers, "x" closes, "!" runs
    what: str
    rest: str  # a request's time limit, an answer's error, who closed

    @classmethod
    def parse(cls, text: str) -> "Line":
        link, stream, sign, what, *rest = text.split(" ")
        return cls(link, int(stream), sign, what, " ".join(rest))

    def __str__(self) -> str:
        return f"{self.link} {self.stream} {self.sign} {self.what} {self.rest}".rstrip()


def opened(value: Any) -> Message | None:
    """What an Any holds; nothing where that is JSON or where it is empty.

    Raises KeyError for a message that we do not know.
    """
    if value.type_url.startswith(JSON_PREFIX) or value == Any():
        return None
    descriptor = descriptor_pool.Default().FindMessageTypeByName(value.type_url)
    return message_factory.GetMessageClass(descriptor).FromString(value.value)


@cache
def frames(generation: str) -> tuple[Recorded, ...]:
    entries = json.loads((HERE / generation / "frames.json").read_text())
    return tuple(Recorded(**entry | {"frame": bytes.fromhex(entry["frame"])}) for entry in entries)


@cache
def commands(generation: str) -> tuple[Called, ...]:
    entries = json.loads((HERE / generation / "commands.json").read_text())
    return tuple(
        Called(
            **entry
            | {
                "stdin": None if entry["stdin"] is None else bytes.fromhex(entry["stdin"]),
                "stdout": bytes.fromhex(entry["stdout"]),
            }
        )
        for entry in entries
    )


@cache
def calls(generation: str) -> Mapping[str, tuple[Line, ...]]:
    """By scenario."""
    entries = json.loads((HERE / generation / "calls.json").read_text())
    return {name: tuple(map(Line.parse, lines)) for name, lines in entries.items()}
