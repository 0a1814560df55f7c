"""A simulated shim on its socket: one incarnation after the other, until somebody closes it."""

import asyncio
import socket
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.ttrpc import listen
from entrypoints.simulated.choices import ByRank, OwnRows
from entrypoints.simulated.clockwork import Clockwork, Pace
from entrypoints.simulated.life import Life, Surroundings
from entrypoints.simulated.post import Post
from entrypoints.simulated.scenario import Scenario, switch_on
from entrypoints.simulated.stage import Stage, StagedKernel
from sim.faults import Fault
from sim.incarnation import Machine
from sim.scheduler import Task, first_of, sleep
from sim.weather import FAIR
from sim.world.host import FakeClock
from sim.world.story import Story, described
from sim.world.world import World

# The service manager starts the next after a moment, in the world's seconds.
DOWN_S: Final = (0.5, 2.0)
# For events that are on their way when all ends.
GRACE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is served. `namespace` "": calls say it; `events`: if a bundle's note does not."""

    socket: str
    namespace: str = ""
    events: str = ""


class SimulatedShim:
    """Serves from `open` to `close`. Belongs to the running loop."""

    def __init__(self, scenario: Scenario, place: Place, pace: Pace, story: Story) -> None:
        self._place = place
        self._choices = choices = OwnRows(scenario.seed)
        self._world = world = World.drawn(choices, ByRank(choices), story)
        clockwork = Clockwork(world.scheduler, pace)
        stage = Stage(clockwork)
        world.kernel = StagedKernel(world.kernel, stage)
        switch_on(world.faults, scenario)
        world.faults.heard = self._strike
        if scenario.faults_end_s is not None:
            ending = self._end_faults(scenario.faults_end_s)
            world.scheduler.spawn("end of faults", ending, "world")
        self._crashes_left = scenario.crashes
        self._crash_rate = 1.0 / choices.one_of(FAIR.within)
        if scenario.crashes:
            world.scheduler.before_step = self._before_step
        post = Post(FakeClock(world))
        machine = Machine.in_world(world)
        self._around = Surroundings(machine, clockwork, stage, post, place.events)
        self._lives = 0
        self._life: Life | None = None
        self._is_closing = False
        self._closing: list[asyncio.Task[None]] = []

    @property
    def crashes(self) -> int:
        """How often it has died."""
        return self._lives - 1

    def open(self) -> None:
        """Serves as soon as the first incarnation is up. OSError: the socket cannot be made."""
        self._begin(listen(self._place.socket))
        self._around.clockwork.turn()

    async def close(self) -> None:
        """Removes the socket; calls without an answer get none, events have a moment to arrive."""
        self._is_closing = True
        self._remove_socket()
        if self._life is not None:
            await self._life.close()
        await asyncio.gather(*self._closing)
        await self._around.clockwork.close()
        await self._around.post.close(GRACE_SECONDS)
        self._around.stage.close()

    def _begin(self, listening: socket.socket) -> None:
        self._lives += 1
        self._life = Life(self._around, f"shim {self._lives}", listening)
        self._await(f"serve shim {self._lives}", self._serve(self._life))

    async def _serve(self, life: Life) -> None:
        """Nobody is answered before it has found its containers again."""
        ready, dead = life.shim.ready, life.shim.dead
        if await first_of((ready, dead), None) is ready and not dead.is_open:
            life.serve(self._place.namespace)

    def _before_step(self, task: Task[Any]) -> None:
        life = self._life
        if life is None or task.group != life.shim.name or life.shim.dead.is_open:
            return
        mine, choices = self._choices.by, self._choices
        choices.by = f"crash before {mine}"
        if choices.happens(self._crash_rate):
            self._crash(life)
        choices.by = mine

    def _crash(self, life: Life) -> None:
        self._world.tell("shim", f"{life.shim.name} is killed")
        life.die()
        self._closing.append(asyncio.get_running_loop().create_task(life.close()))
        self._crashes_left -= 1
        if self._crashes_left == 0:
            self._world.scheduler.before_step = None
        self._await("the next shim", self._come_back())

    async def _come_back(self) -> None:
        await sleep(self._choices.between(*DOWN_S))
        if self._is_closing:
            return
        self._remove_socket()  # the dead one's: nobody listens there
        self._begin(listen(self._place.socket))

    def _await(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Something that clients wait for, though they cannot call."""
        task = self._world.scheduler.spawn(name, work, "world")
        self._around.clockwork.let_pass_for(task)

    def _remove_socket(self) -> None:
        Path(self._place.socket).unlink(missing_ok=True)

    def _strike(self, fault: Fault) -> None:
        self._world.tell("fault", f"{described(fault)} ({fault.at.name})")

    async def _end_faults(self, after_s: float) -> None:
        await sleep(after_s)
        self._world.faults.ended = True
