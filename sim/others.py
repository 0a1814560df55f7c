"""Who else has a hand in a container: a second client, an administrator."""

from typing import Final

from domain.identity import ExecId, ProcessKey
from domain.unit import Whom
from domain.unit_name import UnitName, unit_name
from sim import requests
from sim.client import Client
from sim.life import Life
from sim.requests import NO_SIGNAL
from sim.world.kernel import SIGHUP, SIGKILL, SIGTERM, KernelProcess
from sim.world.unit import Unit

# Most happens in a life's first moments, the rest while its client waits.
WHEN_S: Final = ((0.0, 0.2), (0.0, 10.0))
QUESTIONS_MAX: Final = 4
SIGNALS: Final = (SIGHUP, SIGTERM, SIGKILL)
# 0 asks whether somebody is there.
ASKED_SIGNALS: Final = (0, *SIGNALS, NO_SIGNAL)


class SecondClient(Client):
    """Asks whatever it likes of another client's container, at any time."""

    def __init__(self, life: Life) -> None:
        super().__init__(life.host, "second", life.owner)
        self._life = life
        life.is_shared = True
        self._execs: list[ProcessKey] = []

    async def meddle(self) -> None:
        for _ in range(1 + self.choices.index(QUESTIONS_MAX)):
            await self.pause(self.choices.between(*self.choices.one_of(WHEN_S)))
            await self._question()

    async def _question(self) -> None:
        init = self._life.init
        new = ProcessKey(self.owner, ExecId(f"s{len(self._execs)}"))
        theirs = ProcessKey(self.owner, ExecId("e0"))
        key = self.choices.one_of((init, init, theirs, *self._execs))
        signal = self.choices.one_of(ASKED_SIGNALS)
        questions = (
            ("start", requests.start(key)),
            ("kill", requests.kill(key, signal, self.choices.one_of((Whom.MAIN, Whom.ALL)))),
            ("state", requests.state(key)),
            ("wait", requests.wait(key)),
            ("delete", requests.delete(key)),
            ("pause", requests.pause(self.owner)),
            ("resume", requests.resume(self.owner)),
            ("pids", requests.pids(self.owner)),
            ("connect", requests.connect(self.owner)),
            ("resize", requests.resize(key)),
            ("close stdin", requests.close_stdin(key)),
            ("exec", requests.add_exec(self._life.exec_request(new))),
        )
        what, ask = self.choices.one_of(questions)
        if what == "exec":
            key = new
            self._execs.append(new)
        await self.ask(what, key, ask, signal=signal)


class Administrator:
    """`systemctl` and `kill` on the node, past the shim."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._world = life.world
        self._systemd = life.host.machine.systemd
        # The units that were touched: what became of them was asked for.
        self.touched: dict[UnitName, None] = {}

    async def act(self) -> None:
        choices = self._world.choices
        await self._world.scheduler.first_of((), choices.between(*choices.one_of(WHEN_S)))
        key = choices.one_of((self._life.init, ProcessKey(self._life.owner, ExecId("e0"))))
        unit = self._systemd.units.get(unit_name(key))
        if unit is None:
            return
        self.touched[unit.name] = None
        await choices.one_of((self._stop, self._kill_unit, self._kill_program))(unit)

    async def _stop(self, unit: Unit) -> None:
        self._world.tell("admin", f"systemctl stop {unit.name}")
        await self._systemd.stop(unit)

    async def _kill_unit(self, unit: Unit) -> None:
        signal = self._world.choices.one_of(SIGNALS)
        self._world.tell("admin", f"systemctl kill -s {signal} {unit.name}")
        self._systemd.kill(unit, Whom.ALL, signal)

    async def _kill_program(self, unit: Unit) -> None:
        signal = self._world.choices.one_of(SIGNALS)
        for process in self._programs(unit):
            self._world.tell("admin", f"kill -{signal} {process.pid}")
            self._world.kernel.signal(process, signal)

    def _programs(self, unit: Unit) -> list[KernelProcess]:
        processes = self._world.kernel.processes.values()
        return [each for each in processes if each.unit == unit.name]
