"""Telling containerd: once, in order, for as long as it takes."""

from dataclasses import replace
from typing import Final

from returns.result import Result

from domain import lifecycle
from domain.event import TaskEvent, TaskExited
from domain.identity import ProcessKey
from domain.lifecycle import AFTER, Heard, Phase
from domain.outbox import Outbox
from domain.refusal import Refusal
from domain.shim import Shim
from domain.task import Container, Process
from domain.use_cases import exits, query, tell
from domain.use_cases.query import ProcessView
from sim.bugs.bug import At, Bug, InPlaceOf, honest, no_step, nothing
from sim.faults import At as Where
from sim.world.host import FakePublisher

_must_wait = honest(Outbox, "_must_wait")
_teller = honest(tell, "_teller")
_state = query.state
GIVES_UP_S: Final = 30.0


def _once_created(container: Container, _: Process) -> bool:
    return not container.created


def _execs_wait_too(self: Outbox, event: TaskEvent) -> bool:
    if isinstance(event, TaskExited) and event.process != self.init:
        return len(self._running_execs) > 1
    return bool(_must_wait(self, event))


def _as_the_unit(shim: Shim, key: ProcessKey) -> Result[ProcessView, Refusal]:
    return _state(shim, key).map(
        lambda view: replace(view, phase=Phase.RUNNING) if view.phase is Phase.CREATED else view
    )


def _init_waits_for_no_exec(self: Outbox, event: TaskEvent) -> bool:
    first, self.execs_first = self.execs_first, False
    waits = bool(_must_wait(self, event))
    self.execs_first = first
    return waits


async def _gives_up(self: FakePublisher, _: str, event: TaskEvent) -> None:
    sink = self._sink
    await sink.world.ask(Where.PUBLISH, lambda: sink.hear(event), GIVES_UP_S)


async def _at_once(shim: Shim, container: Container) -> None:
    container.former = None
    await _teller(shim, container)


def _remembers_nothing(*_: object) -> bool:
    return False


async def _tells_beside(shim: Shim, container: Container) -> None:
    while container.outbox.ready:
        event = container.outbox.ready.pop(0)
        shim.ports.concurrency.spawn("publish", _one(shim, container, event))
    container.telling = False


_acknowledged = honest(tell, "_acknowledged")


async def _one(shim: Shim, container: Container, event: TaskEvent) -> None:
    await shim.ports.publisher.publish(container.publish_to, event)
    await _acknowledged(shim, container, event)


BUGS: Final = (
    Bug(
        "exit-before-start",
        "the exit of a fast process is told while its start is still in flight",
        "D17",
        (At(exits, "_is_anothers", _once_created), At(Outbox, "start_claimed", no_step)),
    ),
    Bug(
        "state-is-running-before-start",
        "a container is said to run as soon as its unit does",
        "D19",
        (InPlaceOf(_state, _as_the_unit),),
    ),
    Bug(
        "paused-is-running",
        "nobody hears that a container is paused",
        "D20",
        (At(lifecycle, "AFTER", {key: AFTER[key] for key in AFTER if Heard.PAUSED not in key}),),
    ),
    Bug(
        "execs-exit-after-their-init",
        "the init's exit does not wait for those of its execs",
        "F03",
        (At(Outbox, "_must_wait", _init_waits_for_no_exec),),
    ),
    Bug(
        "execs-wait-for-each-other",
        "the exits of execs are held back, too, while others run",
        "F02",
        (At(Outbox, "_must_wait", _execs_wait_too),),
    ),
    Bug(
        "init-waits-for-execs-for-ever",
        "an init's exit is held back as long as any exec may still end",
        "F01",
        (At(tell, "_stop_waiting_for_execs", nothing),),
    ),
    Bug(
        "events-are-dropped-after-30-s",
        "an event that containerd does not take in time is thrown away",
        "D18",
        (At(FakePublisher, "publish", _gives_up),),
    ),
    Bug(
        "events-overtake-each-other",
        "each event is sent by a task of its own",
        "F03",
        (At(tell, "_teller", _tells_beside),),
    ),
    Bug(
        "next-life-speaks-first",
        "a container of the same id is told of before the delete of the one before",
        "H09",
        (At(tell, "_teller", _at_once),),
    ),
    Bug(
        "all-is-told-again-after-a-restart",
        "what containerd has acknowledged is not remembered",
        "D16",
        (At(tell, "_note", _remembers_nothing),),
    ),
)
