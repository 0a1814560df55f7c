"""Units of execs that nobody knows: no disk took the record that an exec was added (F116).

No client can ask for such an exec. A container that nobody knows is left alone, whether it runs
or not: the Create or the `delete` command that comes for its id finds its unit, and deals with it.
So is whatever this daemon has had in hand: what it does not let go must not be hidden here.
"""

from returns.result import Failure, Success

from domain import limits
from domain.outcome import failed
from domain.refusal import NoSuchUnit
from domain.shim import Shim
from domain.unit import UnitRef, UnitState
from domain.unit_name import EXEC_SUFFIX, UnitName


async def end_orphans(shim: Shim) -> None:
    """Looks for those of former daemons, until all that systemd has are seen to be gone."""
    if shim.handled is None:
        return
    loaded = await shim.ports.units.ours()
    if failed(loaded):
        return
    ended = [await _end(shim, unit) for unit in loaded.unwrap() if _is_orphan(shim, unit)]
    if all(ended):
        shim.handled = None


async def _end(shim: Shim, unit: UnitName) -> bool:
    match await shim.ports.units.read(UnitRef(unit)):
        case Success(UnitState() as state):
            pass
        case Failure(why):
            return isinstance(why, NoSuchUnit)
    if not _is_orphan(shim, unit):
        return True  # somebody has begun an exec of that id
    # This incarnation of it: the next one of the name is somebody's.
    stopped = await shim.ports.units.stop(state.ref, limits.RELEASE)
    released = await shim.ports.units.release(state.ref)
    is_stopped = not failed(stopped) or isinstance(stopped.failure(), NoSuchUnit)
    return is_stopped and not failed(released)


def _is_orphan(shim: Shim, unit: UnitName) -> bool:
    if not unit.endswith(EXEC_SUFFIX) or unit in shim.units or unit in (shim.handled or {}):
        return False
    containers = shim.containers.values()
    return all(unit != each.unit for container in containers for each in container.processes())
