"""What goes on between a machine's boot and its end: a shim, its clients, and everybody else."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from domain.unit_definition import UnitDefinition, Value
from domain.unit_name import UnitName
from sim.choices import SETUP
from sim.client import Host
from sim.incarnation import Incarnation, Machine
from sim.life import Life
from sim.others import Administrator, SecondClient
from sim.outcome import Outcome
from sim.scheduler import Task, sleep
from sim.upheavals import Node, leave_units
from sim.world.kernel import Kernel, Program
from sim.world.runc import args_of
from sim.world.unit import Unit
from sim.world.world import World

LIVES_MAX: Final = 4
STEPS_MAX: Final = 200_000
# No life takes longer, even if every call has to wait for its limit again and again.
LIFE_MAX_S: Final = 3_000.0
# What goes on beside the clients comes to its end: a resync or two is enough.
SETTLE_S: Final = 200.0
IDLE_S: Final = 200.0
CONTAINERD: Final = "/run/containerd/containerd.sock.ttrpc"
BYSTANDER: Final = UnitName("ssh.service")


@dataclass(slots=True)
class Session:
    host: Host
    shim: str  # the name of the first one
    bystander: Unit
    lives: tuple[Life, ...]
    clients: list[Task[None]]
    administrators: tuple[Administrator, ...]
    node: Node
    left_over: tuple[Unit, ...]  # from before, of execs
    stopped: tuple[UnitName, ...] = ()  # by the machine's shutdown
    idle_steps: int = 0

    @classmethod
    def begun(cls, host: Host) -> "Session":
        """The shim boots, and the clients come at once."""
        host.shim.boot()
        lives = _draw_lives(host)
        left_over = leave_units(lives)
        spawn = host.machine.world.scheduler.spawn
        clients = [spawn(f"life of {life.owner}", life.live(), "client") for life in lives]
        clients += _second_clients(lives)
        node = Node(host.machine, lives, host.machine.systemd.units[BYSTANDER])
        node.spawn_all()
        others = _administrators(lives)
        return cls(host, host.shim.name, node.bystander, lives, clients, others, node, left_over)

    def come_to_an_end(self) -> None:
        """Until every client has, and for a time in which nobody asks for anything."""
        scheduler = self.host.machine.world.scheduler
        for client in self.clients:
            scheduler.run_until(client.done, STEPS_MAX, scheduler.now + LIFE_MAX_S)
        pass_time(self.host.machine.world, SETTLE_S)
        busy = scheduler.steps
        pass_time(self.host.machine.world, IDLE_S)
        self.idle_steps = scheduler.steps - busy

    def outcome(self) -> Outcome:
        """As things stand."""
        others = len(self.clients) > len(self.lives) or self.administrators
        fired = self.host.machine.world.faults.fired
        return Outcome(
            host=self.host,
            lives=self.lives,
            waiting=tuple(each.name for each in self.clients if not each.done.is_open),
            touched=frozenset(
                [
                    *self.stopped,
                    *self.node.touched,
                    *(unit for each in self.administrators for unit in each.touched),
                ]
            ),
            bystander=self.bystander,
            calm=not (fired or others or self.host.shim.name != self.shim),
            idle_steps=self.idle_steps,
            left_over=self.left_over,
        )


def boot(world: World) -> Machine:
    """A machine just switched on: nothing in /run, a unit of somebody else's, no event heard."""
    world.kernel = Kernel(world.scheduler, world.faults, world.kernel.freezer, world.story)
    machine = Machine.in_world(world)
    machine.sink.address = CONTAINERD
    # A service that is nobody's business here (S18).
    properties: dict[str, Value] = {"Type": "exec", "Slice": "system.slice", "TimeoutStopUSec": 0}
    definition = UnitDefinition(BYSTANDER, args_of(Program(runs_s=None)), properties)
    machine.systemd.start(definition, "administrator")
    return machine


def next_shim(host: Host) -> Incarnation:
    return Incarnation(host.machine, f"shim {int(host.shim.name.split()[1]) + 1}")


def pass_time(world: World, seconds: float) -> None:
    pause = world.scheduler.spawn("time", sleep(seconds), "time")
    world.scheduler.run_until(pause.done, STEPS_MAX)


def _draw_lives(host: Host) -> tuple[Life, ...]:
    """Two containers may have one id, in namespaces of their own (S33)."""
    choices = host.machine.world.choices
    choices.by = "lives"
    count = 1 + choices.index(LIVES_MAX)
    choices.by = SETUP
    return tuple(
        Life(host, f"c{number // 2}", ("default", "other")[number % 2]) for number in range(count)
    )


def _second_clients(lives: tuple[Life, ...]) -> list[Task[None]]:
    """Some lives have one; like the first ones they must come to their end."""
    clients = [SecondClient(life) for life in _some(lives, "has a second client", 0.3)]
    return [
        each.scheduler.spawn(f"second client of {each.owner}", each.meddle(), "client")
        for each in clients
    ]


def _administrators(lives: tuple[Life, ...]) -> tuple[Administrator, ...]:
    administrators = tuple(map(Administrator, _some(lives, "has an administrator", 0.15)))
    for each in administrators:
        lives[0].scheduler.spawn("administrator", each.act(), "world")
    return administrators


def _some(lives: tuple[Life, ...], what: str, share: float) -> Iterator[Life]:
    """Each draws in its own name, so that one life less moves no draw of the others."""
    for life in lives:
        life.choices.by = f"{life.owner} {what}"
        drawn = life.choices.happens(share)
        life.choices.by = SETUP
        if drawn:
            yield life
