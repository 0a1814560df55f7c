"""A finished run as the invariants see it: the kernel's truth, containerd's memory, all answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from returns.result import Success

from domain.event import (
    ExecAdded,
    ExecStarted,
    TaskEvent,
    TaskExited,
    TaskStarted,
)
from domain.exit_status import NS_PER_US, Exit, Timestamp
from domain.identity import NO_PID, ContainerKey, Pid, ProcessKey
from domain.unit_name import UnitName, unit_name
from domain.use_cases.delete import NO_EXIT, Departed
from domain.use_cases.query import ProcessView
from sim.chapters import Chapters
from sim.client import Call, Host
from sim.incarnation import Machine
from sim.life import Life, Round
from sim.world.kernel import SIGKILL, KernelProcess
from sim.world.unit import Unit
from sim.world.world import EPOCH_S, NS_PER_S

# systemd tells microseconds: what happened may be told as up to so much earlier.
ROUNDING_S: Final = 2e-6
DAY_S: Final = 86_400
# What a shim asks runc and systemd of each task when it comes back; in ordinary worlds with the
# two seconds at most that it is away.
FINDING_OUT_S: Final = 1.0
BACK_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Violation:
    invariant: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.what}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`calm`: no fault fired, nobody died, and nobody else had a hand in any container."""

    host: Host
    lives: tuple[Life, ...]
    waiting: tuple[str, ...]  # clients that never came to their end
    touched: frozenset[UnitName]  # units that the administrator had a hand in
    bystander: Unit  # somebody else's
    calm: bool
    idle_steps: int  # while nobody asked for anything
    left_over: tuple[Unit, ...] = ()  # from before, of execs that perhaps nobody starts
    # Filled when first asked for.
    _chapters: dict[ContainerKey, Chapters] = field(default_factory=dict)
    _processes: dict[str, list[KernelProcess]] = field(default_factory=dict)
    _calls: dict[ContainerKey, list[Call]] = field(default_factory=dict)

    @property
    def machine(self) -> Machine:
        return self.host.machine

    @property
    def fired(self) -> dict[str, int]:
        """Which faults struck, by number, and how often."""
        return self.machine.world.faults.fired

    @property
    def deaths(self) -> int:
        """How many shims have served before this one."""
        return int(self.host.shim.name.split()[1]) - 1

    def died_s(self, incarnation: str) -> float:
        """When the shim of that name died; inf if it did not."""
        return self.machine.died_at.get(incarnation, inf)

    @property
    def coming_back_s(self) -> float:
        """How long clients and containerd had to do without a shim, in all its deaths."""
        machine = self.machine
        boots_at = (*machine.boots_at[1:], machine.world.scheduler.now)
        return sum(
            max(BACK_S, back_s - died_s + FINDING_OUT_S)
            for died_s, back_s in zip(machine.died_at.values(), boots_at, strict=False)
        )

    def disk_refused(self, owner: ContainerKey) -> int:
        """How often the disk would not take what the shim has in memory."""
        return self.machine.disk.refused.get(owner, 0)

    def may_be_behind(self, owner: ContainerKey) -> bool:
        """A new shim may know it by a record that is older than what the former had in memory."""
        return self.deaths > 0 and self.disk_refused(owner) > 0

    def heard(self) -> Iterator[tuple[float, TaskEvent]]:
        """Every event, with the time at which containerd had it."""
        sink = self.machine.sink
        return zip(sink.at, sink.got, strict=True)

    def chapters(self, owner: ContainerKey) -> list[list[TaskEvent]]:
        """What containerd heard of each container that had the id."""
        if not self._chapters:
            for event in self.machine.sink.got:
                self._chapters.setdefault(owner_of(event), Chapters()).hear(event)
        found = self._chapters.get(owner)
        return [] if found is None else found.told

    def all_chapters(self) -> Iterator[tuple[Life, list[TaskEvent]]]:
        for life in self.lives:
            for chapter in self.chapters(life.owner):
                yield life, chapter

    def processes(self, key: ProcessKey) -> list[KernelProcess]:
        """Everybody who ever was this process, in the order of their births."""
        if not self._processes:
            for each in self.machine.world.kernel.history:
                self._processes.setdefault(each.unit, []).append(each)
        return self._processes.get(unit_name(key), [])

    def process(self, key: ProcessKey, pid: Pid, by_s: float) -> KernelProcess | None:
        """Who of them had this pid last, before that time."""
        found = [each for each in self.processes(key) if each.pid == pid and each.born_at <= by_s]
        return found[-1] if found else None

    def unit_of(self, process: KernelProcess) -> Unit | None:
        """The unit whose main process it is, or whose main process waits for it."""
        for unit in self.machine.systemd.history:
            main = unit.main
            if main is not None and process in {main, main.relays_term_to}:
                return unit
        return None

    def calls(self, life: Life, *what: str) -> list[Call]:
        if not self._calls:
            for call in self.host.calls:
                self._calls.setdefault(call.key.owner, []).append(call)
        calls = self._calls.get(life.owner, [])
        return [call for call in calls if call.what in what] if what else calls

    def successes(self, *what: str) -> Iterator[tuple[Life, Call, Any]]:
        """Calls of these kinds that were answered, and what they were answered."""
        for life in self.lives:
            for call in self.calls(life, *what):
                match call.answer:
                    case Success(answer):
                        yield life, call, answer
                    case _:
                        pass

    def has_ended(self, key: ProcessKey, by_s: float) -> bool:
        """One of those who ever were this process."""
        return any(ended_by(each, by_s) for each in self.processes(key))

    def exits_answered(self) -> Iterator[tuple[Call, Exit]]:
        """Every exit that a client was told by Wait, State or Delete."""
        for call in self.host.calls:
            match call.answer:
                case Success(Exit() as found):
                    yield call, found
                case Success(ProcessView(exit=Exit() as found)):
                    yield call, found
                case Success(Departed(pid=pid, exit=found)) if found != NO_EXIT and pid != NO_PID:
                    yield call, found
                case _:
                    pass


def round_at(life: Life, at_s: float) -> Round | None:
    """The life's container at that time."""
    begun = [each for each in life.rounds if each.begun_s <= at_s]
    return begun[-1] if begun else None


def begun_s_of(life: Life, at_s: float) -> float:
    found = round_at(life, at_s)
    return 0.0 if found is None else found.begun_s


def round_of(life: Life, call: Call) -> Round:
    """The container that the call met; one that came before there was any waits for the first."""
    return round_at(life, call.begun_s) or life.rounds[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A call, and where it stands: whose container it met, and all that came of the run."""

    outcome: Outcome
    life: Life
    call: Call

    @property
    def init(self) -> ProcessKey:
        return self.life.init

    @property
    def round(self) -> Round:
        return round_of(self.life, self.call)


def ended_by(process: KernelProcess, at_s: float) -> bool:
    return not process.lives and process.ended_at <= at_s


def was_sent_kill(process: KernelProcess, by_s: float) -> bool:
    """It dies of that, at once or when it leaves its D state or thaws."""
    return any(signal == SIGKILL and at_s <= by_s for signal, at_s in process.signalled)


def lived_during(process: KernelProcess, call: Call) -> bool:
    """From before it was asked until after it was answered."""
    return process.born_at < call.begun_s and not ended_by(process, call.ended_s)


def lived(outcome: Outcome, process: KernelProcess, from_s: float) -> bool:
    """After that time, but for one that was killed in D state (F102)."""
    if process.dying:
        return False
    ended_s = outcome.machine.world.scheduler.now if process.lives else process.ended_at
    return ended_s > from_s


def seen_s(unit: Unit) -> float:
    """When systemd saw its main process's end, as it says."""
    return seconds(Timestamp(unit.exited_at_us * NS_PER_US))


def seconds(at: Timestamp) -> float:
    """The virtual time of a wall clock's, whatever day that was set to (F122)."""
    since = at / NS_PER_S - EPOCH_S
    return (since + DAY_S / 2) % DAY_S - DAY_S / 2


def owner_of(event: TaskEvent) -> ContainerKey:
    return process_of(event).owner


def process_of(event: TaskEvent) -> ProcessKey:
    match event:
        case (
            ExecAdded(process=process) | ExecStarted(process=process) | TaskExited(process=process)
        ):
            return process
        case _:
            return ProcessKey(event.owner)


def is_start_of(event: TaskEvent, key: ProcessKey) -> bool:
    return isinstance(event, TaskStarted | ExecStarted) and process_of(event) == key
