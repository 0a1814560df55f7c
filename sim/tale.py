"""One container's life told to a person: the real rules, and no fault but a crash."""

import json
from collections.abc import Coroutine, Iterator
from typing import Any, Final, TypeVar

from returns.result import Result

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.request import CreateRequest, ExecRequest, Mount, RuntimeOptions, Stdio
from domain.unit import Whom
from domain.unit_name import unit_name
from domain.use_cases.add_exec import add_exec
from domain.use_cases.create import create
from domain.use_cases.delete import delete
from domain.use_cases.kill import kill
from domain.use_cases.query import wait
from domain.use_cases.start import start
from sim.incarnation import Incarnation, Machine
from sim.scheduler import sleep
from sim.world.disk import Bundle
from sim.world.kernel import SIGKILL, Program
from sim.world.runc import args_of
from sim.world.world import World

T = TypeVar("T")

WEB: Final = ContainerKey(Namespace("default"), ContainerId("web"))
INIT: Final = ProcessKey(WEB)
PROBE: Final = ProcessKey(WEB, ExecId("probe"))
BUNDLE: Final = "/run/bundles/web"
STEPS_MAX: Final = 100_000


class Stage:
    """The machine and whichever shim serves on it now."""

    def __init__(self, seed: int) -> None:
        self.world = World.from_seed(seed)
        self.machine = Machine.in_world(self.world)
        self.machine.disk.bundles[BUNDLE] = Bundle(args_of(Program(runs_s=None)))
        self.shim = self._boot("shim 1")

    def _boot(self, name: str) -> Incarnation:
        shim = Incarnation(self.machine, name)
        shim.boot()
        self.world.scheduler.run_until(shim.ready, STEPS_MAX)
        return shim

    def ask(self, work: Coroutine[Any, Any, Result[T, Any]]) -> T:
        task = self.shim.call("the client asks", work)
        self.world.scheduler.run_until(task.done, STEPS_MAX)
        return task.outcome().unwrap()

    def pass_time(self, seconds: float) -> None:
        pause = self.world.scheduler.spawn("time", sleep(seconds), "world")
        self.world.scheduler.run_until(pause.done, STEPS_MAX)

    def crash(self) -> None:
        self.shim.die()
        self.pass_time(0.5)
        self.shim = self._boot("shim 2")

    def at(self, text: str) -> str:
        return f"{self.world.scheduler.now:8.3f} s  {text}"


def tell(seed: int) -> Iterator[str]:
    """The sentences, each with the virtual time at which it became true."""
    stage = Stage(seed)
    request = CreateRequest(
        owner=WEB,
        bundle=BUNDLE,
        rootfs=(Mount("bind", "/image", "", ("bind",)),),
        stdio=Stdio(stdout="/fifo/stdout"),
        checkpoint="",
        options=RuntimeOptions(),
    )
    pid = stage.ask(create(stage.shim.shim, stage.shim.caller(), request))
    yield stage.at(f"containerd asks for default/web: its init is pid {pid}, paused.")
    yield stage.at(f"systemd holds it as {unit_name(INIT)}.")
    stage.ask(start(stage.shim.shim, stage.shim.caller(), INIT))
    yield stage.at("Start: its program runs.")
    yield from _exec(stage)
    stage.crash()
    yield stage.at("The daemon is killed with SIGKILL. The container runs on; systemd")
    yield stage.at("starts the next; record and unit lead it back to the container.")
    waiting = stage.shim.call("wait", wait(stage.shim.shim, stage.shim.caller(), INIT))
    stage.ask(kill(stage.shim.shim, INIT, SIGKILL, Whom.ALL))
    yield stage.at("A client kills it with signal 9.")
    stage.world.scheduler.run_until(waiting.done, STEPS_MAX)
    ended = waiting.outcome().unwrap()
    yield stage.at(f"Its exit is noticed: status {ended.status}, and every waiter is told.")
    departed = stage.ask(delete(stage.shim.shim, stage.shim.caller(), INIT))
    stage.pass_time(1.0)
    yield stage.at(f"Delete answers the same status, {departed.exit.status}.")
    yield stage.at(f"Left over: {_left_over(stage.machine) or 'nothing'}.")
    yield ""
    yield "What containerd's event service was told, in order:"
    for event in stage.machine.sink.got:
        yield f"            {type(event).__name__}"


def _exec(stage: Stage) -> Iterator[str]:
    spec = json.dumps({"args": args_of(Program(exits=3))}).encode()
    asked = ExecRequest(PROBE, Stdio(stdout="/fifo/probe"), spec)
    stage.ask(add_exec(stage.shim.shim, asked))
    pid = stage.ask(start(stage.shim.shim, stage.shim.caller(), PROBE))
    ended = stage.ask(wait(stage.shim.shim, stage.shim.caller(), PROBE))
    yield stage.at(f"An exec ran in it as pid {pid} and ended with {ended.status}.")
    stage.ask(delete(stage.shim.shim, stage.shim.caller(), PROBE))


def _left_over(machine: Machine) -> str:
    left = {
        "units": len(machine.systemd.units),
        "containers of runc": len(machine.oci.containers),
        "mounts": len(machine.disk.mounted),
        "processes": sum(each.lives for each in machine.world.kernel.processes.values()),
    }
    return ", ".join(f"{count} {what}" for what, count in left.items() if count)
