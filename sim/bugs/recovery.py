"""A shim that died: what the next one believes, finds, and finishes."""

from typing import Final

from returns.result import Failure, Result, Success

from domain.identity import ExecId
from domain.outcome import failed
from domain.record import ContainerRecord
from domain.refusal import RecordFailed, Refusal
from domain.request import ExecRequest
from domain.shim import Shim
from domain.task import Container, Process
from domain.unit_name import unit_name
from domain.use_cases import add_exec, keep, recover
from sim.bugs.bug import At, Bug, InPlaceOf, honest, no_step, nothing
from sim.world.disk import FakeRecords

_add = honest(add_exec, "_add")
_keep = keep.keep
_save = honest(keep, "_save")


async def _no_records(*_: object) -> tuple[ContainerRecord, ...]:
    return ()


async def _says_nothing(*_: object) -> str:
    return ""


async def _is_created(*_: object) -> str:
    return "created"


async def _whenever(shim: Shim, container: Container) -> Result[None, RecordFailed]:
    why: RecordFailed | None = await _save(shim, container)
    return Success(None) if why is None else Failure(why)


async def _recorded_first(
    shim: Shim, container: Container, exec_id: ExecId, request: ExecRequest
) -> Result[None, Refusal]:
    key, ended = request.process, shim.ports.concurrency.latch()
    container.execs[exec_id] = Process(key, unit_name(key), request.stdio, ended)
    answer: Result[None, Refusal] = await _add(shim, container, exec_id, request)
    if failed(answer):
        container.execs.pop(exec_id, None)
    return answer


BUGS: Final = (
    Bug(
        "exec-recorded-before-its-spec",
        "an exec is among those that any save writes down while its spec is still being written",
        "F119",
        (At(add_exec, "_add", _recorded_first),),
    ),
    Bug(
        "all-state-in-memory",
        "after a restart every task is unknown, and its container runs on",
        "D01",
        (At(FakeRecords, "all", _no_records),),
    ),
    Bug(
        "former-tasks-are-not-followed",
        "after a restart the units of running tasks are not watched",
        "F119",
        (At(recover, "_adopt", nothing),),
    ),
    Bug(
        "former-exits-are-not-told",
        "what happened while no shim ran is nobody's news",
        "F11",
        (At(recover, "_owe", no_step),),
    ),
    Bug(
        "half-a-start-counts-as-one",
        "a Start that was under way is taken for done, without a question to runc",
        "F21",
        (At(recover, "_status", _says_nothing),),
    ),
    Bug(
        "half-a-start-counts-as-none",
        "a Start that was under way is taken for not made, without a question to runc",
        "F21",
        (At(recover, "_status", _is_created),),
    ),
    Bug(
        "half-a-delete-stays-half",
        "a Delete that was under way is not finished",
        "F115",
        (At(recover, "_go_on", nothing),),
    ),
    Bug(
        "start-job-is-not-waited-for",
        "recovery judges an exec by its pid file while systemd still starts it",
        "F53",
        (At(recover, "_job_is_over", nothing),),
    ),
    Bug(
        "saves-overtake-each-other",
        "an older state may be written over a newer one",
        "D52",
        (InPlaceOf(_keep, _whenever),),
    ),
)
