"""Units of ours that nobody knows: their record was lost, or never taken by the disk (F116, F119).

An exec whose unit nobody knows can be asked for by no client, and a unit whose process is over
has nothing to tell; both go. A container that runs is left alone: the Create or the `delete`
command that comes for its id deals with it. So is whatever this daemon itself has had in hand:
what it does not let go in order must not be hidden here.
"""

from returns.result import Failure, Success

from domain import limits
from domain.identity import ProcessKey
from domain.outcome import failed
from domain.refusal import NoSuchUnit
from domain.shim import Shim
from domain.unit import UnitRef, UnitState
from domain.unit_name import EXEC_SUFFIX, UnitName, unit_name


async def end_orphans(shim: Shim) -> None:
    """Looks for those of former daemons, until all that systemd has are seen to be gone."""
    if shim.handled is None:
        return
    loaded = await shim.ports.units.ours()
    if failed(loaded):
        return
    ended = [await _end(shim, unit) for unit in loaded.unwrap() if not _is_known(shim, unit)]
    if all(ended):
        shim.handled = None


async def _end(shim: Shim, unit: UnitName) -> bool:
    match await shim.ports.units.read(UnitRef(unit)):
        case Success(UnitState() as state):
            pass
        case Failure(why):
            return isinstance(why, NoSuchUnit)
    is_over = state.is_over or state.exit is not None
    if _is_known(shim, unit) or not (is_over or unit.endswith(EXEC_SUFFIX)):
        return True
    # This incarnation of it: the next one of the name is somebody's.
    stopped = await shim.ports.units.stop(state.ref, limits.RELEASE)
    released = await shim.ports.units.release(state.ref)
    is_stopped = not failed(stopped) or isinstance(stopped.failure(), NoSuchUnit)
    return is_stopped and not failed(released)


def _is_known(shim: Shim, unit: UnitName) -> bool:
    if unit in shim.units or unit in (shim.handled or {}):
        return True
    owners = [*shim.creating, *(remnant.owner for remnant in shim.remnants)]
    return any(unit == unit_name(ProcessKey(owner)) for owner in owners) or any(
        unit == process.unit
        for container in shim.containers.values()
        for process in container.processes()
    )
