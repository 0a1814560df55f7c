"""Exec: registers a process that Start will run later; nothing runs yet."""

from returns.result import Failure, Result, Success

from domain.event import ExecAdded
from domain.identity import ExecId, ProcessKey
from domain.lifecycle import Phase
from domain.outcome import failed
from domain.refusal import BeingDeleted, ExecExists, InvalidArgument, Operation, Refusal, WrongPhase
from domain.request import ExecRequest
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit_name import unit_name
from domain.use_cases.hold import found_again
from domain.use_cases.keep import keep
from domain.use_cases.tell import tell


async def add_exec(shim: Shim, request: ExecRequest) -> Result[None, Refusal]:
    """Between the id's check and its claim is no await: of two equal requests one wins (T125)."""
    key = request.process
    found = shim.container(key.owner)
    if failed(found):
        return Failure(found.failure())
    container = found.unwrap()
    if container.recovery is not None:
        # It may be frozen or over; and what recovery still owes is told before anything new.
        unknown = await found_again(shim, container.recovery)
        if unknown is not None:
            return Failure(unknown)
        return await add_exec(shim, request)
    refusal = _refusal(container, key)
    if refusal is not None or key.exec_id is None:
        return Failure(refusal or InvalidArgument("exec id is empty"))
    process = Process(
        key, unit_name(key), request.stdio, shim.ports.concurrency.latch(), is_known=False
    )
    container.execs[key.exec_id] = process
    added = await _write_down(shim, container, key.exec_id, request)
    if failed(added):
        del container.execs[key.exec_id]  # the id stays free (T130)
        await keep(shim, container)
        return Failure(added.failure())
    process.is_known = True
    tell(shim, container, ExecAdded(key))
    return Success(None)


async def _write_down(
    shim: Shim, container: Container, exec_id: ExecId, request: ExecRequest
) -> Result[None, Refusal]:
    """Without a record the next daemon would not know it, and its exit would be lost (F116)."""
    added = await shim.ports.bundles.add_exec(
        container.bundle, exec_id, request.spec, terminal=request.stdio.terminal
    )
    if failed(added):
        return Failure(added.failure())
    kept = await keep(shim, container)
    return Failure(kept.failure()) if failed(kept) else Success(None)


def _refusal(container: Container, key: ProcessKey) -> Refusal | None:
    if container.deletion is not None:
        return BeingDeleted(container.owner.container)
    if key.exec_id in container.execs:
        return ExecExists(str(key.exec_id))
    init = container.init
    if init.phase in {Phase.PAUSED, Phase.EXITED, Phase.DELETED}:
        return WrongPhase(Operation.EXEC, init.phase)
    return None
