"""Delete, and the clean-up that containerd's `delete` command asks for."""

from typing import Final

from returns.result import Result

from domain.caller import Caller
from domain.identity import ContainerKey, ProcessKey
from domain.lifecycle import Phase
from domain.refusal import Refusal
from domain.shim import Shim
from domain.task import Container, Process
from domain.use_cases import clean_up, delete, recover, resync
from domain.use_cases.create import unmount
from domain.use_cases.delete import Departed
from domain.use_cases.let_go import let_go
from domain.use_cases.oci import forget_container
from sim.bugs.bug import At, Bug, InPlaceOf, honest, no_step, nothing
from sim.bugs.callers import on_the_time_of
from sim.world.streams import FakeFifos
from sim.world.terminals import FakeTerminals

_delete = delete.delete
_let_go = let_go
_forget_container = forget_container
_unmount = unmount
_clean_up = clean_up.clean_up
_dismantle = honest(delete, "_dismantle")
_nothing_left = honest(clean_up, "_nothing_left")


async def _for_its_caller(shim: Shim, caller: Caller, key: ProcessKey) -> Result[Departed, Refusal]:
    return await _delete(on_the_time_of(caller, shim), caller, key)


async def _let_go_whatever_is_said(shim: Shim, process: Process) -> bool:
    await _let_go(shim, process)
    return True


async def _forgotten_whatever_is_said(shim: Shim, container: Container) -> None:
    await _forget_container(shim, container)


async def _unmounted_whatever_is_said(shim: Shim, container: Container) -> bool:
    await _unmount(shim, container)
    return True


async def _from_memory_first(shim: Shim, container: Container) -> Refusal | None:
    shim.containers.pop(container.owner, None)
    why: Refusal | None = await _dismantle(shim, container)
    return why


async def _found_empty(
    shim: Shim, _: Caller, __: ContainerKey, bundle: str
) -> Result[Departed, Refusal]:
    outcome: Result[Departed, Refusal] = await _nothing_left(shim, bundle)
    return outcome


async def _does_not_wait(
    shim: Shim, caller: Caller, owner: ContainerKey, bundle: str
) -> Result[Departed, Refusal]:
    if owner in shim.creating:
        outcome: Result[Departed, Refusal] = await _nothing_left(shim, bundle)
        return outcome
    return await _clean_up(shim, caller, owner, bundle)


BUGS: Final = (
    Bug(
        "delete-on-the-callers-context",
        "what a Delete has still to release when its client gives up is never released",
        "D47",
        (InPlaceOf(_delete, _for_its_caller),),
    ),
    Bug(
        "delete-beside-a-start",
        "a process whose start is under way can be deleted; then its unit comes up",
        "H08",
        (At(delete, "DELETABLE", frozenset({Phase.CREATED, Phase.STARTING, Phase.EXITED})),),
    ),
    Bug(
        "running-can-be-deleted",
        "a Delete of a running process is not refused",
        "D53",
        (At(delete, "DELETABLE", frozenset(Phase) - {Phase.DELETED}),),
    ),
    Bug(
        "never-started-cannot-be-deleted",
        "only what has exited can be deleted, and what was never started does not exit",
        "D53",
        (At(delete, "DELETABLE", frozenset({Phase.EXITED})),),
    ),
    Bug(
        "delete-forgets-first",
        "a Delete that fails half-way has forgotten the container, and cannot be repeated",
        "F16",
        (At(delete, "_dismantle", _from_memory_first),),
    ),
    Bug(
        "two-deletes-at-once",
        "a second Delete does not wait for the first",
        "F17",
        (At(delete, "_busy", no_step),),
    ),
    Bug(
        "unit-not-released",
        "that a unit could not be let go is not looked at",
        "F90",
        (At(delete, "let_go", _let_go_whatever_is_said),),
    ),
    Bug(
        "runc-keeps-the-container",
        "a failing `runc delete` is taken for a success",
        "F105",
        (At(delete, "forget_container", _forgotten_whatever_is_said),),
    ),
    Bug(
        "root-stays-mounted",
        "a busy mount is left, and everything around it forgotten",
        "F106",
        (At(delete, "unmount", _unmounted_whatever_is_said),),
    ),
    Bug(
        "delete-ends-nobody",
        "execs that have not been seen to end lose their units, and nobody hears of their ends",
        "F35",
        (At(delete, "_end_all", nothing),),
    ),
    Bug(
        "clean-up-asks-an-empty-shim",
        "the `delete` command finds nothing in its own fresh memory and reports success",
        "D26",
        (InPlaceOf(_clean_up, _found_empty),),
    ),
    Bug(
        "clean-up-does-not-wait-for-the-create",
        "a Create whose client gave up makes its container after the clean-up found nothing",
        "F15",
        (InPlaceOf(_clean_up, _does_not_wait),),
    ),
    Bug(
        "deleted-exec-leaves-its-unit",
        "an exec's unit outlives its Delete, until the container goes",
        "H13",
        (At(delete, "let_the_rest_leave", no_step), At(resync, "let_the_rest_leave", no_step)),
    ),
    Bug(
        "nobody-goes-on-with-a-deleted-exec",
        "a shim that dies right after an exec's Delete leaves the unit to nobody",
        "H13",
        (At(recover, "let_the_rest_leave", no_step), At(resync, "let_the_rest_leave", no_step)),
    ),
    Bug(
        "record-of-the-deleted-stays",
        "a record that could not be removed is never removed",
        "F118",
        (At(resync, "forget_the_rest", nothing),),
    ),
    Bug(
        "terminal-is-never-closed",
        "what was opened for a terminal is not closed with its process",
        "D38",
        (At(FakeTerminals, "close", nothing),),
    ),
    Bug(
        "fifo-ends-are-never-closed",
        "the ends that the shim holds of a client's FIFOs outlive their process",
        "D25",
        (At(FakeFifos, "close", nothing),),
    ),
)
