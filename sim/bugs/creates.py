"""Create: what its success promises, and what its failure leaves."""

from typing import Final

from returns.result import Failure, Result, Success

from domain.caller import Caller
from domain.event import TaskExited
from domain.exit_status import UNKNOWN, Exit
from domain.identity import Pid
from domain.refusal import RecordFailed, Refusal, RuncFailed, UnitFailed
from domain.request import CreateRequest
from domain.shim import Shim
from domain.task import Container
from domain.use_cases import create, resync
from domain.use_cases.keep import keep
from sim.bugs.bug import At, Bug, InPlaceOf, honest, nothing
from sim.bugs.callers import on_the_time_of

_create = honest(create, "_create")
_make = honest(create, "_make")
_keep = keep
_undo = create.undo
_start_init_unit = create.start_init_unit


async def _done(*_: object) -> bool:
    return True


async def _whatever_the_job_said(
    shim: Shim, caller: Caller, container: Container
) -> Result[None, Refusal]:
    outcome = await _start_init_unit(shim, caller, container)
    match outcome:
        case Failure(RuncFailed() | UnitFailed()):
            return Success(None)
    return outcome


async def _and_tells_an_exit(shim: Shim, container: Container, why: Refusal) -> None:
    await _undo(shim, container, why)
    exited = TaskExited(
        container.init.key, container.init.pid, Exit(UNKNOWN, shim.ports.clock.now())
    )
    await shim.ports.publisher.publish(container.publish_to, exited)


async def _later(shim: Shim, container: Container, why: Refusal) -> None:
    shim.ports.concurrency.spawn("undo", _undo(shim, container, why))


async def _for_its_caller(
    shim: Shim, caller: Caller, request: CreateRequest
) -> Result[Pid, Refusal]:
    outcome: Result[Pid, Refusal] = await _create(on_the_time_of(caller, shim), caller, request)
    return outcome


async def _once_created(shim: Shim, container: Container) -> Result[None, RecordFailed]:
    return await _keep(shim, container) if container.created else Success(None)


async def _never_mind(shim: Shim, container: Container) -> Result[None, RecordFailed]:
    await _keep(shim, container)
    return Success(None)


async def _twice(shim: Shim, caller: Caller, container: Container) -> Result[None, Refusal]:
    made: Result[None, Refusal] = await _make(shim, caller, container)
    match made:
        case Failure():
            again: Result[None, Refusal] = await _make(shim, caller, container)
            return again
    return made


BUGS: Final = (
    Bug(
        "create-succeeds-without-an-init",
        "a start job that failed counts as a success, as nothing is known to have exited",
        "D55",
        (At(create, "start_init_unit", _whatever_the_job_said),),
    ),
    Bug(
        "failed-create-tells-an-exit",
        "a container that could not be created is told to have exited",
        "D55",
        (At(create, "undo", _and_tells_an_exit),),
    ),
    Bug(
        "failed-create-leaves-its-unit",
        "an error after the unit runs is answered, and the unit runs on",
        "F61",
        (At(create, "sweep", _done),),
    ),
    Bug(
        "failed-create-leaves-runcs-container",
        "runc was killed on its way, and its residue is left to itself",
        "F101",
        (At(create, "_forget_container", _done),),
    ),
    Bug(
        "id-is-free-before-its-create-is-undone",
        "the failure is answered while its clean-up still runs, into the next container of that id",
        "F20",
        (At(create, "undo", _later),),
    ),
    Bug(
        "create-cleans-up-on-the-callers-time",
        "after a cancellation the clean-up is cancelled, too",
        "D47",
        (At(create, "_create", _for_its_caller),),
    ),
    Bug(
        "failed-clean-up-is-not-tried-again",
        "what a failed create could not take back is left for ever",
        "F106",
        (At(resync, "clear_remnants", nothing),),
    ),
    Bug(
        "half-a-create-stays",
        "what a Create had made when the shim died is taken back by nobody",
        "F119",
        (InPlaceOf(create.clear_remnants, nothing),),
    ),
    Bug(
        "record-comes-after-the-unit",
        "a unit is started before anything is written down of it",
        "F118",
        (At(create, "keep", _once_created),),
    ),
    Bug(
        "created-and-not-written-down",
        "a container is told of though no disk would keep it",
        "F116",
        (At(create, "keep", _never_mind),),
    ),
    Bug(
        "create-is-silently-repeated",
        "a creation that fails is made once more, over what it left",
        "D45",
        (At(create, "_make", _twice),),
    ),
)
