"""One incarnation of a simulated shim, with what it holds of the real world."""

import socket
from dataclasses import dataclass, replace
from typing import Final

from adapters.container_log import ContainerLogHandler
from adapters.stdio.inotify import Inotify
from adapters.task_service.service import Served
from adapters.telemetry.silence import Silence
from adapters.ttrpc import Server
from entrypoints.simulated.clockwork import Clockwork
from entrypoints.simulated.ports import (
    AnyMounts,
    MortalFifos,
    PostingPublisher,
    RealFifos,
    RealTerminals,
)
from entrypoints.simulated.post import Post
from entrypoints.simulated.rules import InTheWorld
from entrypoints.simulated.service import Beside, services
from entrypoints.simulated.stage import Stage
from sim.incarnation import Incarnation, Machine
from sim.world.host import StoryLog

# What was answered before an end is on its way to the client.
LAST_ANSWERS_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What outlives an incarnation."""

    machine: Machine
    clockwork: Clockwork
    stage: Stage
    post: Post
    events: str  # where they go if a bundle's note does not say


class Life:
    """Booted at once; `serve` when it is ready; dead after `die`, gone after `close`.

    The listening socket is its own from the beginning, so that it ends with it, served or not.
    """

    def __init__(self, around: Surroundings, name: str, listening: socket.socket) -> None:
        self._around = around
        self._listening = listening
        self._is_closed = False
        world, outside = around.machine.world, around.clockwork.outside
        self.shim = Incarnation(around.machine, name)
        self._inotify = Inotify()
        self._fifos = MortalFifos(StoryLog(world), self._inotify)
        self._server: Server | None = None
        ports = self.shim.shim.ports
        self.shim.shim.ports = replace(
            ports,
            fifos=RealFifos(ports.fifos, self._fifos, outside),
            terminals=RealTerminals(ports.terminals, self._fifos, outside),
            mounts=AnyMounts(world),
            publisher=PostingPublisher(world, around.post.send, around.events),
        )
        self.shim.boot()

    def serve(self, namespace: str) -> None:
        """Takes calls, unless its end has come before."""
        if self._is_closed:
            return
        around = self._around
        rules = InTheWorld(around.clockwork, self.shim)
        served = Served(self.shim.shim, Silence(), ContainerLogHandler(), rules)
        self._server = Server(services(Beside(served, around.machine.disk, around.stage)))
        self._server.add_listener(self._listening, namespace)

    def die(self) -> None:
        """As by SIGKILL; connections are closed by `close`, which is to follow."""
        self.shim.die()
        self._fifos.perish()

    async def close(self) -> None:
        """Calls that have no answer yet get none."""
        self._is_closed = True
        if self._server is not None:
            await self._server.close(LAST_ANSWERS_SECONDS)
        else:
            self._listening.close()
        self._fifos.perish()
        self._inotify.close()
