"""How the time of faults ends (T0): they just cease, the shim dies once more, or the machine goes.

After a reboot or a shutdown nothing of /run is left and nobody remembers: what was, is judged
as it stood then, and the machine is switched on again for other lives with the same ids.
"""

from enum import Enum
from typing import Final

from domain.unit_name import PREFIX
from sim.choices import Choices
from sim.client import Host
from sim.session import STEPS_MAX, Session, boot, next_shim

# Most of a life's rules are at work in its first moments.
WHEN_S: Final = ((0.0, 0.5), (0.0, 10.0))
FAULTS_END_S: Final = 60.0
# A unit takes at most so long to stop (TimeoutStopUSec), and some are stopped twice.
SHUTDOWN_MAX_S: Final = 300.0


class Ending(Enum):
    HEAL = "faults cease"
    CRASH = "the shim dies once more"
    REBOOT = "the machine is reset"
    SHUTDOWN = "the machine is shut down"


OF_TEN: Final = (*[Ending.HEAL] * 7, Ending.CRASH, Ending.REBOOT, Ending.SHUTDOWN)


def draw(choices: Choices) -> tuple[Ending, float]:
    """Which one, and when it comes, in virtual seconds."""
    ending = choices.one_of(OF_TEN)
    if ending is Ending.HEAL:
        return ending, FAULTS_END_S
    return ending, choices.between(*choices.one_of(WHEN_S))


def shut_down(session: Session) -> bool:
    """systemd stops what it has, containers before the daemon (F80); False: something hung.

    No unit starts any more (F60); containerd is up to the last and hears of the ends.
    """
    machine = session.host.machine
    world, systemd = machine.world, machine.systemd
    world.tell("systemd", "the machine is shut down")
    systemd.shuts_down = True
    units = [unit for unit in systemd.units.values() if unit.name.startswith(PREFIX)]
    session.stopped = tuple(unit.name for unit in units)
    stops = [
        world.scheduler.spawn(f"stop {unit.name}", systemd.stop(unit), "world") for unit in units
    ]
    until_s = world.scheduler.now + SHUTDOWN_MAX_S
    ended = [world.scheduler.run_until(stop.done, STEPS_MAX, until_s) for stop in stops]
    return all(ended)


def switch_on_again(host: Host) -> None:
    """Whatever ran is gone, without a word; the same machine boots."""
    world = host.machine.world
    world.tell("kernel", "boots")
    host.shim.die()
    for group in ("client", "world"):
        world.scheduler.drop(group)
    host.machine = boot(world)
    host.shim = next_shim(host)
    host.calls.clear()
