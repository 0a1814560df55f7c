"""What befalls the whole machine by itself, once in a run, where its fault is on.

Each comes after a drawn time, unless faults have ended by then; whoever it hits was not asked.
Where a fault is off nobody is there at all: that costs nothing, and moves nobody else.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from domain.exit_status import MainCode
from domain.identity import ExecId, ProcessKey
from domain.unit_definition import UnitDefinition, Value
from domain.unit_name import UnitName, unit_name
from sim.faults import At
from sim.incarnation import Machine
from sim.life import Life
from sim.scheduler import first_of
from sim.world.kernel import SIGKILL, KernelProcess, Program
from sim.world.runc import args_of
from sim.world.systemd import Systemd
from sim.world.unit import Refused, Unit
from sim.world.world import World

Upheaval = Callable[["Node"], Awaitable[None]]

# Most of a life's rules are at work in its first moments; the rest while its client waits.
WHEN_S: Final = ((0.0, 0.2), (0.0, 10.0))
# How long PID 1 is busy with itself.
BUSY_S: Final = (0.01, 3.0)
# A restart of the bus; longer than a call waits for it, now and then.
BUS_AWAY_S: Final = (0.05, 8.0)
# How often a neighbour begins anew, and what it has been doing until then.
RESTARTS: Final = 20
RESTART_EACH_S: Final = (0.0, 0.05)
DAY_S: Final = 86_400
SOMEBODY: Final = "somebody"
STAYS: Final = args_of(Program(runs_s=None))
FIRST_EXEC: Final = ExecId("e0")
# What an earlier unit of a name may have done: it runs, has exited, or has failed.
LEFT: Final = (STAYS, args_of(Program()), args_of(Program(1)))


class Node:
    """The machine as it is hit, with whoever lives on it."""

    def __init__(self, machine: Machine, lives: tuple[Life, ...], bystander: Unit) -> None:
        self.lives = lives
        self.machine = machine
        self.bystander = bystander
        # Units of which somebody was killed without anybody's order.
        self.touched: dict[UnitName, None] = {}

    @property
    def world(self) -> World:
        return self.machine.world

    @property
    def systemd(self) -> Systemd:
        return self.machine.systemd

    def spawn_all(self) -> None:
        """Whatever is on in this run is decided now, and waits for its time."""
        spawn = self.world.scheduler.spawn
        for at, upheaval in UPHEAVALS:
            if self.world.faults.verdict(at) is not None:
                work = self._when_its_time_has_come(upheaval)
                spawn(at.name.lower().replace("_", " "), work, "world")

    async def _when_its_time_has_come(self, upheaval: Upheaval) -> None:
        choices = self.world.choices
        await first_of((), choices.between(*choices.one_of(WHEN_S)))
        if not self.world.faults.ended:
            await upheaval(self)

    def programs(self) -> list[KernelProcess]:
        """The inits and execs that run."""
        everybody = self.world.kernel.processes.values()
        return [each for each in everybody if each.lives and each.unit and each.program]


async def restart_containerd(node: Node) -> None:
    """It goes down, and comes back: its clients' calls are lost, and asked again (F11)."""
    node.machine.sink.go()
    await first_of((), node.world.faults.lateness())
    node.machine.sink.come_back()


async def restart_bus(node: Node) -> None:
    """`systemctl restart dbus`: every connection ends, and nobody has one for a while (F98)."""
    systemd, world = node.systemd, node.world
    world.tell("bus", "goes down")
    systemd.bus_is_back = back = world.scheduler.latch()
    for listener in tuple(systemd.listeners):
        listener.go_off()
    await first_of((), world.choices.between(*BUS_AWAY_S))
    world.tell("bus", "is up again")
    systemd.bus_is_back = None
    for listener in tuple(systemd.listeners):
        listener.come_back()
    back.open()


async def reload_systemd(node: Node) -> None:
    """`systemctl daemon-reload`: it hears nobody meanwhile; then it tells of every unit (F77)."""
    node.world.tell("systemd", "reloads")
    await _is_busy(node)
    for unit in tuple(node.systemd.units):
        for listener in tuple(node.systemd.listeners):
            listener.changed(unit)


async def reexecute_systemd(node: Node) -> None:
    """`systemctl daemon-reexec`: it leaves the bus, too; units and references stay (F54)."""
    node.world.tell("systemd", "executes itself again")
    await _is_busy(node)
    for listener in tuple(node.systemd.listeners):
        listener.systemd_returns()


async def _is_busy(node: Node) -> None:
    lasts_s = node.world.choices.between(*BUSY_S)
    node.systemd.line.turn(node.world.scheduler.now + lasts_s)
    await first_of((), lasts_s)


async def lose_runcs_memory(node: Node) -> None:
    """Somebody clears the folder where runc keeps its containers (F104)."""
    node.world.tell("admin", "removes what runc knows")
    node.machine.oci.containers.clear()


async def fill_disk(node: Node) -> None:
    """For a time nothing can be written, nor removed (F116)."""
    disk = node.machine.disk
    node.world.tell("disk", "is full")
    disk.takes_nothing = True
    await first_of((), node.world.faults.lateness())
    node.world.tell("disk", "has room again")
    disk.takes_nothing = False


async def run_out_of_memory(node: Node) -> None:
    """The kernel kills one that runs, by nobody's order."""
    running = node.programs()
    if running:
        victim = node.world.choices.one_of(running)
        node.world.tell("kernel", f"out of memory: kills {victim.pid}")
        node.touched[UnitName(victim.unit)] = None
        node.world.kernel.signal(victim, SIGKILL)


async def restart_neighbour(node: Node) -> None:
    """Somebody else's service ends and begins again, with whatever pid is free by then (F28).

    What is meant for a container's former process would hit it (S18).
    """
    kernel = node.world.kernel
    for _ in range(RESTARTS):
        await first_of((), node.world.choices.between(*RESTART_EACH_S))
        former = node.bystander.main
        if former is not None and former.lives:
            node.bystander.main = kernel.fork(former.cgroup, pid=kernel.last_dead)
            former.on_end.clear()
            former.awaited = False
            kernel.end(former, MainCode.EXITED, 0)


async def set_clock(node: Node) -> None:
    """By a day, into the future or back (F122)."""
    node.world.clock_is_off_s += node.world.choices.one_of((DAY_S, -DAY_S))
    node.world.tell("kernel", "the clock is set by", node.world.clock_is_off_s, "s")


def leave_units(lives: tuple[Life, ...]) -> tuple[Unit, ...]:
    """Units of our names that nobody remembers, from before (F47, F48, F49, F73).

    Answers those of execs: whoever starts such an exec meets them, and nobody else.
    """
    systemd = lives[0].host.machine.systemd
    left = [_left_over(systemd, life.init) for life in lives]
    execs = [_left_over(systemd, ProcessKey(life.owner, FIRST_EXEC)) for life in lives]
    for unit in (*left, *execs):
        if unit is not None:
            # Nobody needs what it would tell.
            systemd.released[unit.invocation] = None
    systemd.disconnect(SOMEBODY)
    return tuple(unit for unit in execs if unit is not None)


def _left_over(systemd: Systemd, key: ProcessKey) -> Unit | None:
    if systemd.world.faults.verdict(At.LEFT_OVER) is None:
        return None
    properties: dict[str, Value] = {"Type": "exec", "Slice": "system.slice", "TimeoutStopUSec": 0}
    definition = UnitDefinition(unit_name(key), systemd.world.choices.one_of(LEFT), properties)
    refused = isinstance(systemd.start(definition, SOMEBODY), Refused)
    return None if refused else systemd.units[definition.name]


UPHEAVALS: Final[tuple[tuple[At, Upheaval], ...]] = (
    (At.CONTAINERD, restart_containerd),
    (At.BUS_RESTART, restart_bus),
    (At.RELOAD, reload_systemd),
    (At.REEXEC, reexecute_systemd),
    (At.RUNC_ROOT, lose_runcs_memory),
    (At.FULL_DISK, fill_disk),
    (At.OUT_OF_MEMORY, run_out_of_memory),
    (At.NEIGHBOUR, restart_neighbour),
    (At.WALL_CLOCK, set_clock),
)
