"""State, Wait, Connect and Pids: what clients ask without changing anything."""

from dataclasses import dataclass

from returns.result import Failure, Result, Success

from domain import limits
from domain.caller import Caller
from domain.exit_status import Exit
from domain.identity import NO_PID, ContainerKey, ExecId, Pid, ProcessKey
from domain.lifecycle import Phase
from domain.outcome import failed
from domain.refusal import CallerGone, Refusal, UnknownContainer, UnknownExec
from domain.request import Stdio
from domain.shim import Shim
from domain.task import Container, Process


@dataclass(frozen=True, slots=True)
class ProcessView:
    """A process as a client sees it; `exit` only once it may be told."""

    key: ProcessKey
    bundle: str
    pid: Pid
    phase: Phase
    stdio: Stdio
    exit: Exit | None


@dataclass(frozen=True, slots=True)
class ListedProcess:
    pid: Pid
    exec_id: ExecId | None


def state(shim: Shim, key: ProcessKey) -> Result[ProcessView, Refusal]:
    """From memory: never blocked by runc, systemd or another call (F27)."""
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    container, process = found.unwrap()
    phase = process.phase
    if phase is Phase.RUNNING and container.init.phase is Phase.PAUSED:
        phase = Phase.PAUSED  # the freezer takes execs too (T141)
    return Success(
        ProcessView(
            key=key,
            bundle=container.bundle,
            pid=process.pid,
            phase=phase,
            stdio=process.stdio,
            exit=process.exit if process.ended.is_open else None,
        )
    )


async def wait(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Exit, Refusal]:
    """Blocks until the process has exited, however long; NotFound if it is deleted first."""
    found = shim.process(key)
    if failed(found):
        return Failure(found.failure())
    _, process = found.unwrap()
    # No limit of its own: a container may run for years. The caller's leaving ends it (D22).
    await caller.waits_for(shim.ports.concurrency, (process.ended,), None)
    if not process.ended.is_open:
        return Failure(CallerGone("exit"))
    if process.exit is None:
        return Failure(_unknown(key))
    return Success(process.exit)


def connect(shim: Shim, owner: ContainerKey) -> Pid:
    """The init's pid; 0 for an unknown container, which is no error (T147)."""
    container = shim.containers.get(owner)
    return NO_PID if container is None else container.init.pid


async def pids(shim: Shim, owner: ContainerKey) -> Result[tuple[ListedProcess, ...], Refusal]:
    """Every process of the container, with the exec it belongs to where that is known."""
    found = shim.container(owner)
    if failed(found):
        return Failure(found.failure())
    container = found.unwrap()
    if container.init.ending or container.init.pid == NO_PID:
        return Success(())  # T146: a stopped task has none, nor has one that waits for its restore
    listed = await shim.ports.runc.pids(container.target(), limits.RUNC)
    if failed(listed):
        # It may have ended meanwhile, and then runc forgets it at once (use_cases/oci.py).
        return Success(()) if container.init.ending else Failure(listed.failure())
    execs = {
        run.pid: exec_id
        for exec_id, run in tuple(container.execs.items())
        if await _runs(shim, container, run)
    }
    return Success(tuple(ListedProcess(pid, execs.get(pid)) for pid in listed.unwrap()))


async def _runs(shim: Shim, container: Container, process: Process) -> bool:
    """Its pid may be another's by now, whether we know of its end or not (seeds 19702, 227830)."""
    if process.program is None or process.ending:
        return False
    found = await shim.ports.processes.identify(process.pid, container.cgroup)
    return found == Success(process.program)


def _unknown(key: ProcessKey) -> Refusal:
    if key.exec_id is None:
        return UnknownContainer(key.owner.container)
    return UnknownExec(key.exec_id)
