"""The task service in front of a simulated shim: what of the real disk has to be known in it.

Create reads the bundle's config.json, Exec its own spec; both give the new process its role.
What else they say (args, limits, mounts) is taken at its word and never done.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import DecodeError, Message
from returns.result import Failure, Result, Success

from adapters.disk import oci_config
from adapters.messages import task_pb2
from adapters.task_service import replies, requests
from adapters.task_service.namespace import namespace_of
from adapters.task_service.refusals import status_of
from adapters.task_service.service import SERVICES, Served
from adapters.task_service.service import services as task_services
from adapters.ttrpc import Call, Method, Services, Status, undecodable_payload
from domain import bundle_files
from domain.identity import ContainerKey, ProcessKey
from domain.outcome import failed
from domain.refusal import InvalidArgument, Refusal
from domain.request import Stdio
from domain.use_cases.clean_up import clean_up
from entrypoints.simulated.programs import Script, exec_script, init_script
from entrypoints.simulated.stage import Role, Stage
from sim.world.disk import Bundle, Disk

M = TypeVar("M", bound=Message)

# What containerd's `delete` command asks for is no part of its task API.
CLEAN_UP: Final = ("io.containerd.simulated.v1.Shim", "CleanUp")


@dataclass(frozen=True, slots=True)
class Beside:
    """What the service knows of the simulated node, past the rules."""

    served: Served
    disk: Disk
    stage: Stage


def services(beside: Beside) -> Services:
    """Both versions of the task service, and CleanUp."""
    plain = task_services(beside.served)
    service, method = CLEAN_UP
    return {
        **{name: {**plain[name], **_with_roles(beside, plain[name])} for name in SERVICES},
        service: {method: _Decoding(task_pb2.CreateTaskRequest, _CleanUp(beside))},
    }


def _with_roles(beside: Beside, plain: Mapping[str, Method]) -> dict[str, Method]:
    return {
        "Create": _Decoding(task_pb2.CreateTaskRequest, _Create(beside, plain["Create"])),
        "Exec": _Decoding(task_pb2.ExecProcessRequest, _Exec(beside, plain["Exec"])),
        "Delete": _Decoding(task_pb2.DeleteRequest, _Delete(beside, plain["Delete"])),
    }


@dataclass(frozen=True, slots=True)
class _Decoding(Generic[M]):
    """A method that asks for its request, and not for the bytes of one."""

    message: type[M]
    method: Callable[[Call, M], Awaitable[bytes | Status]]

    async def __call__(self, call: Call, payload: bytes) -> bytes | Status:
        try:
            message = self.message.FromString(payload)
        except DecodeError as why:
            return undecodable_payload(str(why))
        return await self.method(call, message)


@dataclass(frozen=True, slots=True)
class _Create:
    beside: Beside
    then: Method

    async def __call__(self, call: Call, message: task_pb2.CreateTaskRequest) -> bytes | Status:
        owner = _owner(call, message.id)
        if not failed(owner) and not self._is_known(owner.unwrap()):
            folder = message.bundle.rstrip("/")
            read = await asyncio.to_thread(_read, folder)
            if failed(read):
                return status_of(read.failure())
            if not self._is_known(owner.unwrap()):  # nor has become so meanwhile
                bundle, script = read.unwrap()
                stdio = Stdio(message.stdin, message.stdout, message.stderr, message.terminal)
                self.beside.disk.bundles[folder] = bundle
                self.beside.stage.cast(ProcessKey(owner.unwrap()), Role(script, stdio))
        return await self.then(call, message.SerializeToString())

    def _is_known(self, owner: ContainerKey) -> bool:
        """Its bundle is in use; the rules refuse another one."""
        shim = self.beside.served.shim
        return owner in shim.containers or owner in shim.creating


@dataclass(frozen=True, slots=True)
class _Exec:
    beside: Beside
    then: Method

    async def __call__(self, call: Call, message: task_pb2.ExecProcessRequest) -> bytes | Status:
        owner = _owner(call, message.id)
        if failed(owner):
            return await self.then(call, message.SerializeToString())
        try:
            spec = json.loads(message.spec.value)
            script = exec_script(_strings(spec.get("env")))
        except (ValueError, AttributeError):
            return await self.then(call, message.SerializeToString())  # no spec: the rules say so
        if failed(script):
            return status_of(InvalidArgument(script.failure()))
        key = requests.process_key(owner.unwrap(), message.exec_id)
        if not failed(key) and failed(self.beside.served.shim.process(key.unwrap())):
            stdio = Stdio(message.stdin, message.stdout, message.stderr, message.terminal)
            self.beside.stage.cast(key.unwrap(), Role(script.unwrap(), stdio))
        # In the world runc finds the program in the args.
        message.spec.value = json.dumps({**spec, "args": script.unwrap().args()}).encode()
        return await self.then(call, message.SerializeToString())


@dataclass(frozen=True, slots=True)
class _Delete:
    beside: Beside
    then: Method

    async def __call__(self, call: Call, message: task_pb2.DeleteRequest) -> bytes | Status:
        owner = _owner(call, message.id).value_or(None)
        if owner is None or message.exec_id:
            return await self.then(call, message.SerializeToString())
        container = self.beside.served.shim.containers.get(owner)
        answer = await self.then(call, message.SerializeToString())
        if container is not None and not isinstance(answer, Status):
            _forget(self.beside, owner, container.bundle)
        return answer


@dataclass(frozen=True, slots=True)
class _CleanUp:
    """Takes a Create's `id` and `bundle`, answers as Delete does."""

    beside: Beside

    async def __call__(self, call: Call, message: task_pb2.CreateTaskRequest) -> bytes | Status:
        owner = _owner(call, message.id)
        if failed(owner):
            return status_of(owner.failure())
        served, key = self.beside.served, owner.unwrap()
        rule = clean_up(served.shim, served.rules.caller(call), key, message.bundle)
        departed = await served.rules.run(f"CleanUp {key}", rule)
        if failed(departed):
            return status_of(departed.failure())
        _forget(self.beside, key, message.bundle)
        return replies.delete(departed.unwrap()).SerializeToString()


def _owner(call: Call, container: str) -> Result[ContainerKey, Refusal]:
    namespace = namespace_of(call)
    if failed(namespace):
        return Failure(namespace.failure())
    owner = requests.owner(namespace.unwrap(), container)
    return Failure(owner.failure()) if failed(owner) else Success(owner.unwrap())


def _forget(beside: Beside, owner: ContainerKey, bundle: str) -> None:
    """Unless the id has been used again already."""
    if owner not in beside.served.shim.containers and owner not in beside.served.shim.creating:
        beside.disk.bundles.pop(bundle.rstrip("/"), None)
        beside.stage.forget(ProcessKey(owner))


def _read(folder: str) -> Result[tuple[Bundle, Script], InvalidArgument]:
    """The bundle as the world knows it. In a thread: the disk may be slow."""
    path = bundle_files.config(folder)
    try:
        text = Path(path).read_text(encoding="utf-8")
        facts = oci_config.facts(folder, text)
        process = json.loads(text).get("process") or {}
        script = init_script(_strings(process.get("env")))
    except (OSError, ValueError, AttributeError) as why:
        return Failure(InvalidArgument(f"{path}: {why}"))
    if failed(script):
        return Failure(InvalidArgument(script.failure()))
    bundle = Bundle(
        script.unwrap().args(), facts.cgroups_path, facts.has_terminal, facts.private_pid_namespace
    )
    return Success((bundle, script.unwrap()))


def _strings(value: Any) -> Iterable[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
