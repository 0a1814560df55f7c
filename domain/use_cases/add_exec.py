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
from domain.use_cases.departed import former_left
from domain.use_cases.found_again import known
from domain.use_cases.keep import keep
from domain.use_cases.tell import tell


async def add_exec(shim: Shim, request: ExecRequest) -> Result[None, Refusal]:
    """Between the id's check and its claim is no await: of two equal requests one wins (T125)."""
    key = request.process
    # It may be frozen or over; and what recovery still owes is told before anything new.
    found = await known(shim, key.owner)
    if failed(found):
        return Failure(found.failure())
    container = found.unwrap()
    refusal = _refusal(container, key)
    if refusal is not None or key.exec_id is None:
        return Failure(refusal or InvalidArgument("exec id is empty"))
    container.adding[key.exec_id] = None
    outcome = await _add(shim, container, key.exec_id, request)
    del container.adding[key.exec_id]
    return outcome


async def _add(
    shim: Shim, container: Container, exec_id: ExecId, request: ExecRequest
) -> Result[None, Refusal]:
    """Its files first: a record of it, whoever saves that, promises that runc finds them."""
    await former_left(shim, container, exec_id)
    added = await shim.ports.bundles.add_exec(
        container.bundle, exec_id, request.spec, terminal=request.stdio.terminal
    )
    if failed(added):
        return Failure(added.failure())
    if container.is_going or container.deleted:
        return Failure(BeingDeleted(container.owner.container))
    key, ended = request.process, shim.ports.concurrency.latch()
    process = Process(key, unit_name(key), request.stdio, ended, is_known=False)
    container.execs[exec_id] = process
    kept = await keep(shim, container)
    if failed(kept):
        # Without a record the next daemon would not know it, and its exit would be lost (F116).
        del container.execs[exec_id]
        await keep(shim, container)
        return Failure(kept.failure())
    process.is_known = True
    tell(shim, container, ExecAdded(key))
    return Success(None)


def _refusal(container: Container, key: ProcessKey) -> Refusal | None:
    if container.is_going:
        return BeingDeleted(container.owner.container)
    if key.exec_id in container.execs or key.exec_id in container.adding:
        return ExecExists(str(key.exec_id))
    init = container.init
    if init.phase in {Phase.PAUSED, Phase.EXITED, Phase.DELETED}:
        return WrongPhase(Operation.EXEC, init.phase)
    return None
