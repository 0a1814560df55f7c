"""The methods of containerd.task.v2.Task and v3.Task, which are equal field by field.

Each is a line in `METHODS`: the message it takes and the function that answers it. What all
have in common happens once, in `_answer`: decoding, the namespace, the caller who may leave,
the span, the log's fields, and the way from a refusal to a status.
"""

import os
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message
from returns.result import Failure, Result, Success

from adapters import log_fields
from adapters.concurrency import AsyncioLatch
from adapters.container_log import ContainerLogHandler
from adapters.disk import start_note
from adapters.journal import set_level
from adapters.messages import task_pb2
from adapters.task_service import replies, requests
from adapters.task_service.namespace import namespace_of
from adapters.task_service.refusals import status_of
from adapters.ttrpc import Call, Services, Status, undecodable_payload
from domain.caller import Caller
from domain.identity import ContainerKey, ProcessKey
from domain.outcome import failed
from domain.ports.log import Level
from domain.ports.tracing import Tracing
from domain.refusal import Refusal, Unsupported
from domain.shim import Shim
from domain.unit import Whom
from domain.use_cases.add_exec import add_exec
from domain.use_cases.create import create
from domain.use_cases.delete import delete
from domain.use_cases.kill import kill
from domain.use_cases.pause import pause, resume
from domain.use_cases.query import connect, pids, state, wait
from domain.use_cases.start import start
from domain.use_cases.terminal import close_stdin, resize

SERVICES: Final = ("containerd.task.v2.Task", "containerd.task.v3.Task")

T = TypeVar("T")
Answer = Result[Message, Refusal]


class Rules(Protocol):
    """Where the domain's rules run, which need not be the event loop."""

    def caller(self, call: Call) -> Caller:
        """Whoever made the call, as the rules are told of him."""
        ...

    def run(self, name: str, rule: Coroutine[Any, Any, T]) -> Awaitable[T]:
        """Carries the rule out; `name` says which, and for whom."""
        ...


class OnTheLoop:
    """In the handler's own task, as the daemon does it."""

    def caller(self, call: Call) -> Caller:
        gone = AsyncioLatch()
        call.gone.on_set(gone.open)
        return Caller(gone)

    def run(self, name: str, rule: Coroutine[Any, Any, T]) -> Awaitable[T]:  # noqa: ARG002
        return rule


@dataclass(frozen=True, slots=True)
class Served:
    """What the service works with."""

    shim: Shim
    tracing: Tracing
    logs: ContainerLogHandler
    rules: Rules = field(default_factory=OnTheLoop)
    # Called as soon as a process will be made, or may be (decision 0019); must not wait.
    process_expected: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Asked:
    """A call whose process is known: who asks, what, and about whom."""

    served: Served
    method: str
    caller: Caller
    owner: ContainerKey
    process: ProcessKey

    @property
    def shim(self) -> Shim:
        return self.served.shim

    @property
    def logs(self) -> ContainerLogHandler:
        return self.served.logs

    def run(self, rule: Coroutine[Any, Any, T]) -> Awaitable[T]:
        return self.served.rules.run(f"{self.method} {self.process}", rule)


async def _create(asked: Asked, message: task_pb2.CreateTaskRequest) -> Answer:
    asked.served.process_expected()
    note = await start_note.read(message.bundle)
    if note.debug:
        set_level(Level.DEBUG)  # containerd's own level; one daemon serves all of them
    request = requests.create(asked.owner, message, note)
    if failed(request):
        return Failure(request.failure())
    if asked.owner not in asked.shim.containers:
        asked.logs.attach(asked.owner, request.unwrap().bundle)
    made = await asked.run(create(asked.shim, asked.caller, request.unwrap()))
    return made.map(lambda pid: task_pb2.CreateTaskResponse(pid=pid))


async def _start(asked: Asked, _: task_pb2.StartRequest) -> Answer:
    begun = await asked.run(start(asked.shim, asked.caller, asked.process))
    return begun.map(lambda pid: task_pb2.StartResponse(pid=pid))


async def _state(asked: Asked, _: task_pb2.StateRequest) -> Answer:
    if asked.process.exec_id is None:
        # A client finds the container before it asks for an Exec, 1 ms ahead (decision 0019).
        asked.served.process_expected()
    return state(asked.shim, asked.process).map(replies.state)


async def _wait(asked: Asked, _: task_pb2.WaitRequest) -> Answer:
    ended = await asked.run(wait(asked.shim, asked.caller, asked.process))
    return ended.map(replies.wait)


async def _kill(asked: Asked, message: task_pb2.KillRequest) -> Answer:
    whom = Whom.ALL if message.all else Whom.MAIN
    return _empty(await asked.run(kill(asked.shim, asked.process, message.signal, whom)))


async def _exec(asked: Asked, message: task_pb2.ExecProcessRequest) -> Answer:
    asked.served.process_expected()
    request = requests.add_exec(asked.owner, message)
    if failed(request):
        return Failure(request.failure())
    return _empty(await asked.run(add_exec(asked.shim, request.unwrap())))


async def _delete(asked: Asked, _: task_pb2.DeleteRequest) -> Answer:
    departed = await asked.run(delete(asked.shim, asked.caller, asked.process))
    if asked.owner not in asked.shim.containers:
        asked.logs.detach(asked.owner)
    return departed.map(replies.delete)


async def _pids(asked: Asked, _: task_pb2.PidsRequest) -> Answer:
    return (await asked.run(pids(asked.shim, asked.owner))).map(replies.pids)


async def _pause(asked: Asked, _: task_pb2.PauseRequest) -> Answer:
    return _empty(await asked.run(pause(asked.shim, asked.owner)))


async def _resume(asked: Asked, _: task_pb2.ResumeRequest) -> Answer:
    return _empty(await asked.run(resume(asked.shim, asked.owner)))


async def _resize(asked: Asked, message: task_pb2.ResizePtyRequest) -> Answer:
    size = (message.width, message.height)
    return _empty(await asked.run(resize(asked.shim, asked.process, *size)))


async def _close_io(asked: Asked, _: task_pb2.CloseIORequest) -> Answer:
    return _empty(await asked.run(close_stdin(asked.shim, asked.process)))


async def _connect(asked: Asked, _: task_pb2.ConnectRequest) -> Answer:
    pid = connect(asked.shim, asked.owner)
    return Success(task_pb2.ConnectResponse(shim_pid=os.getpid(), task_pid=pid))


async def _shutdown(_: Asked, __: task_pb2.ShutdownRequest) -> Answer:
    """systemd owns the daemon's life: it serves other containers, too (R015)."""
    return Success(Empty())


def _not_yet(what: str) -> Callable[[Asked, Any], Awaitable[Answer]]:
    async def refuse(_: Asked, __: Message) -> Answer:
        return Failure(Unsupported(f"{what} comes with a later version"))

    return refuse


def _empty(outcome: Result[None, Refusal]) -> Answer:
    return outcome.map(lambda _: Empty())


@dataclass(frozen=True, slots=True)
class MethodRow:
    """What a method takes and who answers it."""

    message: type[Message]
    answer: Callable[[Asked, Any], Awaitable[Answer]]


METHODS: Final[Mapping[str, MethodRow]] = {
    "Create": MethodRow(task_pb2.CreateTaskRequest, _create),
    "Start": MethodRow(task_pb2.StartRequest, _start),
    "State": MethodRow(task_pb2.StateRequest, _state),
    "Wait": MethodRow(task_pb2.WaitRequest, _wait),
    "Kill": MethodRow(task_pb2.KillRequest, _kill),
    "Exec": MethodRow(task_pb2.ExecProcessRequest, _exec),
    "Delete": MethodRow(task_pb2.DeleteRequest, _delete),
    "Pids": MethodRow(task_pb2.PidsRequest, _pids),
    "Pause": MethodRow(task_pb2.PauseRequest, _pause),
    "Resume": MethodRow(task_pb2.ResumeRequest, _resume),
    "ResizePty": MethodRow(task_pb2.ResizePtyRequest, _resize),
    "CloseIO": MethodRow(task_pb2.CloseIORequest, _close_io),
    "Connect": MethodRow(task_pb2.ConnectRequest, _connect),
    "Shutdown": MethodRow(task_pb2.ShutdownRequest, _shutdown),
    "Update": MethodRow(task_pb2.UpdateTaskRequest, _not_yet("Update")),
    "Stats": MethodRow(task_pb2.StatsRequest, _not_yet("Stats")),
    "Checkpoint": MethodRow(task_pb2.CheckpointTaskRequest, _not_yet("Checkpoint")),
}


def services(served: Served) -> Services:
    """Both versions of the service, whatever was announced (T031)."""
    methods = {name: partial(_answer, served, row) for name, row in METHODS.items()}
    return dict.fromkeys(SERVICES, methods)


async def _answer(served: Served, row: MethodRow, call: Call, payload: bytes) -> bytes | Status:
    try:
        message = row.message.FromString(payload)
    except DecodeError as why:
        return undecodable_payload(str(why))
    asked = _asked(served, call, message)
    if failed(asked):
        return status_of(asked.failure())
    process = asked.unwrap().process
    attributes = {
        "namespace": process.owner.namespace,
        "container.id": process.owner.container,
        "exec.id": process.exec_id or "",
    }
    with (
        log_fields.about(process),
        served.tracing.span(f"{call.service}/{call.method}", attributes) as span,
    ):
        outcome = await row.answer(asked.unwrap(), message)
        if failed(outcome):
            status = status_of(outcome.failure())
            span.fail(status.message)
            return status
        span.note({"pid": getattr(outcome.unwrap(), "pid", 0)})
        return outcome.unwrap().SerializeToString()


def _asked(served: Served, call: Call, message: Any) -> Result[Asked, Refusal]:
    """Nothing is touched before namespace and ids are known to be good (rule 1)."""
    namespace = namespace_of(call)
    if failed(namespace):
        return Failure(namespace.failure())
    owner = requests.owner(namespace.unwrap(), message.id)
    if failed(owner):
        return Failure(owner.failure())
    process = requests.process_key(owner.unwrap(), getattr(message, "exec_id", ""))
    if failed(process):
        return Failure(process.failure())
    caller = served.rules.caller(call)
    return Success(Asked(served, call.method, caller, owner.unwrap(), process.unwrap()))
