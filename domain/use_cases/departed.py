"""Deleted execs: what is left of one goes after its client has been answered (decision 0022).

Until then it stands in the record as departed, so the next daemon goes on with it. A later exec
of its id waits for that; where it failed, the later one's Add and Start clear the place (F48).
"""

from domain.identity import ExecId
from domain.outcome import failed
from domain.shim import Shim
from domain.task import Container, Process
from domain.use_cases.let_go import let_go


async def leave(shim: Shim, container: Container, process: Process) -> bool:
    """Waits until it has left; what failed is tried once more. False: its unit may still be there.

    Files that stay are no reason: the bundle is containerd's to remove.
    """
    await _ended(shim, process)
    if not process.has_left:
        _begin_to_leave(shim, container, process)
        await _ended(shim, process)
    return not process.unit_asked


async def former_left(shim: Shim, container: Container, exec_id: ExecId) -> None:
    """Waits until nobody takes off anything of former execs of this id any more."""
    for process in tuple(container.departed):
        if process.key.exec_id == exec_id:
            await _ended(shim, process)


def let_the_rest_leave(shim: Shim, container: Container) -> None:
    """Tries again where it failed, and where a former daemon had not come so far."""
    for process in left_over(container):
        _begin_to_leave(shim, container, process)


def left_over(container: Container) -> tuple[Process, ...]:
    """Deleted execs of which something is left, under an id that no later exec has taken.

    A container's Delete takes all of its execs along; its id may be another's then.
    """
    if container.deleted:
        return ()
    taken = container.execs.keys() | container.adding.keys()
    return tuple(
        process
        for process in container.departed
        if not process.has_left and process.key.exec_id not in taken
    )


def _begin_to_leave(shim: Shim, container: Container, process: Process) -> None:
    """Takes off the unit and the files of a deleted exec, if nobody is at it already."""
    if process.leaving is None or process.leaving.is_open:
        process.leaving = shim.ports.concurrency.spawn(
            f"leave: {process.key}", _leave(shim, container, process)
        ).done


async def _ended(shim: Shim, process: Process) -> None:
    """Each of its steps has a limit of its own."""
    if process.leaving is not None:
        await shim.ports.concurrency.first_of((process.leaving,), None)


async def _leave(shim: Shim, container: Container, process: Process) -> None:
    if process.unit_asked:
        process.unit_asked = not await let_go(shim, process)
    process.has_left = await _files_go(shim, container, process) and not process.unit_asked
    # Written down with whatever is saved next: a daemon that reads an older record finds nothing.
    container.dismiss(process)


async def _files_go(shim: Shim, container: Container, process: Process) -> bool:
    if process.key.exec_id is None:
        return True
    removed = await shim.ports.bundles.remove_exec(container.bundle, process.key.exec_id)
    if failed(removed):
        shim.lost("the files of a deleted exec stay", process.key, removed.failure())
    return not failed(removed)
