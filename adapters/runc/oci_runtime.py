"""The domain's Runc port over the runtime's command line: runc, crun, or what a task names.

Whether a command had its effect is told by its exit code alone; words are for people. The one
exception is `delete` of a container that the runtime does not know.
"""

import asyncio
import json
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from returns.result import Failure, Result, Success

from adapters.runc import child, error_log
from domain import runc_command
from domain.identity import Pid
from domain.limits import Seconds
from domain.ports.runc import RuncState, RuncTarget
from domain.refusal import DeadlinePassed, RuncFailed
from domain.runc_command import Argv, Checkpoint, Runtime

STOPPED: Final = "stopped"

# runc: "container does not exist"; crun: "container `X` does not exist". With --force both call
# it a success themselves; another runtime may not. Anything else that does not exist (a hook's
# program, a cgroup) is a failure.
_UNKNOWN: Final = re.compile(r"\bcontainer (?:`[^`]*` )?does not exist\b")


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    argv: Argv
    given: bytes = b""


class OciRuntime:
    """Runs the runtime's commands, each in a process group of its own and within its limit.

    A command whose limit passes, or whose caller is cancelled, is killed with its whole group.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = child.without_service_variables(environment)

    async def start(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        argv = runc_command.start(_runtime(target), target.owner.container)
        return await self._do(target, _Command("start", argv), within)

    async def state(
        self, target: RuncTarget, within: Seconds
    ) -> Result[RuncState, RuncFailed | DeadlinePassed]:
        argv = runc_command.state(_runtime(target), target.owner.container)
        answer = await self._ask(target, _Command("state", argv), within)
        return answer.bind(_state)

    async def kill(
        self, target: RuncTarget, signal_number: int, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """Signals the init."""
        argv = runc_command.kill(_runtime(target), target.owner.container, signal_number)
        return await self._do(target, _Command("kill", argv), within)

    async def kill_all(
        self, target: RuncTarget, signal_number: int, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """Signals every process of the container, as far as this runtime still does that."""
        argv = runc_command.kill_all(_runtime(target), target.owner.container, signal_number)
        return await self._do(target, _Command("kill", argv), within)

    async def pause(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        argv = runc_command.pause(_runtime(target), target.owner.container)
        return await self._do(target, _Command("pause", argv), within)

    async def resume(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        argv = runc_command.resume(_runtime(target), target.owner.container)
        return await self._do(target, _Command("resume", argv), within)

    async def update(
        self, target: RuncTarget, resources: bytes, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """Sets new limits; `resources` is an OCI LinuxResources as JSON."""
        argv = runc_command.update(_runtime(target), target.owner.container)
        return await self._do(target, _Command("update", argv, resources), within)

    async def pids(
        self, target: RuncTarget, within: Seconds
    ) -> Result[tuple[Pid, ...], RuncFailed | DeadlinePassed]:
        argv = runc_command.ps(_runtime(target), target.owner.container)
        answer = await self._ask(target, _Command("ps", argv), within)
        return answer.bind(_pids)

    async def delete(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """The gentle way first: with `--force` each Delete would take 100 ms more."""
        runtime, container = _runtime(target), target.owner.container
        gentle = _Command("delete", runc_command.delete(runtime, container))
        done = await self._forget(target, gentle, within)
        match done:
            case Failure(RuncFailed()):
                forced = _Command("delete", runc_command.destroy(runtime, container))
                return await self._forget(target, forced, within)
        return done

    async def _forget(
        self, target: RuncTarget, command: _Command, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        done = await self._do(target, command, within)
        match done:
            case Failure(RuncFailed(reason=reason)) if _UNKNOWN.search(reason):
                return Success(None)
        return done

    async def checkpoint(
        self, target: RuncTarget, asked: Checkpoint, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        """Writes the container down in a folder, with CRIU."""
        argv = runc_command.checkpoint(_runtime(target), target.owner.container, asked)
        return await self._do(target, _Command("checkpoint", argv), within)

    async def last_error(self, log: str) -> str | None:
        found = await asyncio.to_thread(error_log.errors, log)
        return found[-1] if found else None

    async def _do(
        self, target: RuncTarget, command: _Command, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        answer = await self._ask(target, command, within)
        return answer.map(lambda _output: None)

    async def _ask(
        self, target: RuncTarget, command: _Command, within: Seconds
    ) -> Result[bytes, RuncFailed | DeadlinePassed]:
        """The command's standard output."""
        try:
            async with asyncio.timeout(within):
                return await self._run(target, command)
        except TimeoutError:
            return Failure(DeadlinePassed(f"{target.binary} {command.name}", within))

    async def _run(
        self, target: RuncTarget, command: _Command
    ) -> Result[bytes, RuncFailed | DeadlinePassed]:
        already = await asyncio.to_thread(error_log.size, target.log)
        try:
            finished = await child.run(command.argv, self._environment, command.given)
        except OSError as error:
            return Failure(RuncFailed(command.name, _cannot_run(target.binary, error)))
        if finished.code != 0:
            logged = await asyncio.to_thread(error_log.errors, target.log, already)
            return Failure(RuncFailed(command.name, _reason(finished, logged)))
        if finished.output_is_cut:
            return Failure(RuncFailed(command.name, "its answer is too large to be read"))
        return Success(finished.output)


def _runtime(target: RuncTarget) -> Runtime:
    return Runtime(target.binary, target.root, target.log, target.debug)


def _reason(finished: child.Finished, logged: tuple[str, ...]) -> str:
    """Why the command failed, in its own words.

    Commands of one container share a log, and two of them may run at the same time. The
    runtime says its error on stderr too, so that tells whose line it is.
    """
    said = finished.errors.decode(errors="replace").strip()
    for text in reversed(logged):
        if text in said:
            return text
    if logged:
        return logged[-1]
    if said:
        return said.splitlines()[-1]
    if finished.code < 0:
        return f"ended by signal {signal.Signals(-finished.code).name}"
    return f"exit status {finished.code}"


def _cannot_run(binary: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        # What Go's exec says, and so runc.v2: clients know it.
        return f'exec: "{binary}": executable file not found in $PATH'
    return f'exec: "{binary}": {error.strerror}'


def _state(output: bytes) -> Result[RuncState, RuncFailed | DeadlinePassed]:
    answer = _json(output)
    match answer:
        case {"status": str(status), "pid": int(pid)}:
            return Success(RuncState(status, Pid(0 if status == STOPPED else pid)))
        case {"status": str(status)}:
            return Success(RuncState(status, Pid(0)))
    return Failure(RuncFailed("state", f"unexpected answer {_shown(output)}"))


def _pids(output: bytes) -> Result[tuple[Pid, ...], RuncFailed | DeadlinePassed]:
    answer = _json(output)
    if answer is None and output.strip() == b"null":  # what Go makes of an empty list
        return Success(())
    if isinstance(answer, list) and all(type(pid) is int for pid in answer):
        return Success(tuple(Pid(pid) for pid in answer))
    return Failure(RuncFailed("ps", f"unexpected answer {_shown(output)}"))


def _json(output: bytes) -> Any:
    try:
        return json.loads(output)
    except ValueError:
        return None


def _shown(output: bytes) -> str:
    return repr(output[:200].decode(errors="replace"))
