"""Processes as the kernel has them: the truth that every invariant is checked against."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from domain.exit_status import MainCode
from domain.identity import NO_PID, Pid
from sim.faults import At, Faults
from sim.scheduler import Scheduler, first_of
from sim.world.story import Story

SIGHUP: Final = 1
SIGINT: Final = 2
SIGQUIT: Final = 3
SIGKILL: Final = 9
SIGSEGV: Final = 11
SIGTERM: Final = 15
SIGNAL_MAX: Final = 64  # signal(7)
# Ends a program that has no handler of its own for the signal.
FATAL: Final = frozenset({SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGTERM})
PID_FIRST: Final = 100
# A tiny pid space, so that numbers come back soon (F28, F29).
PID_LAST: Final = 163


class Freezer(Enum):
    """How a killed but frozen process behaves: on v1 it stays until it is thawed (F99)."""

    V1 = "v1"
    V2 = "v2"


class End(NamedTuple):
    """How a process has ended, as wait(2) tells it."""

    code: MainCode
    status: int


@dataclass(frozen=True, slots=True)
class Program:
    """What a program does when it is let run.

    `runs_s` None: until it is killed. `on_term`: its exit code when TERM comes; None: it has
    no handler, which as a container's pid 1 means that TERM does nothing. `crashes`: by this
    signal, and leaves a core.
    """

    exits: int = 0
    runs_s: float | None = 0.0
    on_term: int | None = None
    crashes: int = 0

    @property
    def end(self) -> "End":
        """How it ends by itself."""
        if self.crashes:
            return End(MainCode.DUMPED, self.crashes)
        return End(MainCode.EXITED, self.exits)


@dataclass(slots=True, eq=False)
class KernelProcess:
    pid: Pid
    started_ticks: int
    cgroup: str
    is_pid1: bool = False
    # Whose process it is: the unit of the container's init or of the exec; "" for others.
    unit: str = ""
    born_at: float = 0.0
    program: Program | None = None  # None: paused before its exec, or not a program at all
    code: MainCode = MainCode.NONE
    status: int = 0
    ended_at: float = 0.0
    # A zombie from its end until its parent looks; its pid is taken as long.
    awaited: bool = False
    relays_term_to: "KernelProcess | None" = None
    relays_term: bool = False
    dying: bool = False
    # What it will meet when it is thawed: signals, or its own end.
    pending: list["int | End"] = field(default_factory=list)
    # Every signal that was sent to it, with the time.
    signalled: list[tuple[int, float]] = field(default_factory=list)
    on_end: list[Callable[["KernelProcess"], None]] = field(default_factory=list)

    @property
    def lives(self) -> bool:
        return self.code is MainCode.NONE


class Kernel:
    """The process table, and every process that ever was."""

    def __init__(
        self, scheduler: Scheduler, faults: Faults, freezer: Freezer, story: Story
    ) -> None:
        self.scheduler = scheduler
        self.faults = faults
        self.story = story
        self._detail = story.detailing(scheduler)
        self.freezer = freezer
        self.processes: dict[Pid, KernelProcess] = {}
        self.history: list[KernelProcess] = []
        self.frozen: dict[str, None] = {}
        # Every cgroup that was frozen or thawed, and when.
        self.freezes: list[tuple[str, bool, float]] = []
        self._next_pid = PID_FIRST
        # Whose number is free since a moment; what is still meant for him would hit another (F28).
        self.last_dead = NO_PID

    def fork(
        self, cgroup: str, *, is_pid1: bool = False, unit: str = "", pid: Pid = NO_PID
    ) -> KernelProcess:
        """A new process that does nothing yet; with that pid if it is free."""
        ticks = len(self.history) + 1
        if not self._is_free(pid):
            pid = self._just_let_go(unit) or self._free_pid()
        process = KernelProcess(pid, ticks, cgroup, is_pid1, unit, self.scheduler.now)
        self.processes[process.pid] = process
        self.history.append(process)
        self._detail("kernel", "fork: pid", process.pid, "in", cgroup)
        return process

    def _just_let_go(self, unit: str) -> Pid:
        """Whose holder has just gone, now and then, for a program; 0: nobody's (F29).

        A reaper or a runc would only take it out of harm's way. Two of one id with one number
        could not be told apart by whoever judges this world.
        """
        if not unit or self.faults.verdict(At.FORK) is None or not self._is_free(self.last_dead):
            return NO_PID
        had_it = any(each.pid == self.last_dead and each.unit == unit for each in self.history)
        return NO_PID if had_it else self.last_dead

    def _free_pid(self) -> Pid:
        for _ in range(PID_FIRST, PID_LAST + 1):
            pid = Pid(self._next_pid)
            self._next_pid = PID_FIRST if self._next_pid >= PID_LAST else self._next_pid + 1
            if self._is_free(pid):
                return pid
        raise AssertionError("no pid is free: a life leaves processes behind")

    def _is_free(self, pid: Pid) -> bool:
        holder = self.processes.get(pid)
        return pid != NO_PID and (holder is None or not (holder.lives or holder.awaited))

    def execute(self, process: KernelProcess, program: Program) -> None:
        """The process runs the program from now on."""
        process.program = program
        self._detail("kernel", "exec: pid", process.pid, "runs", program)
        if program.runs_s is not None:
            self.scheduler.spawn(
                f"pid {process.pid}", self._run(process, program.runs_s, program.end), "world"
            )

    async def _run(self, process: KernelProcess, runs_s: float, end: End) -> None:
        await self.scheduler.first_of((), runs_s)
        if process.dying:
            return  # it never comes back to its program (F102)
        if not self.is_frozen(process.cgroup):
            self.end(process, *end)
        else:
            process.pending.append(end)

    def end(self, process: KernelProcess, code: MainCode, status: int) -> None:
        """The process is dead; whoever waits for it hears of it."""
        if not process.lives:
            return
        process.code = code
        process.status = status
        process.ended_at = self.scheduler.now
        if process.program is not None:
            self.last_dead = process.pid
        self._detail("kernel", "pid", process.pid, code, status)
        for heard in process.on_end:
            heard(process)
        if process.is_pid1:
            for other in self.inside(process.cgroup):
                self.end(other, MainCode.KILLED, SIGKILL)

    def inside(self, cgroup: str) -> list[KernelProcess]:
        """Who lives in a cgroup or below."""
        below = f"{cgroup}/"
        return [
            process
            for process in self.processes.values()
            if process.lives and (process.cgroup == cgroup or process.cgroup.startswith(below))
        ]

    def signal(self, process: KernelProcess, signal: int) -> None:
        if not process.lives:
            return
        self._detail("kernel", "signal", signal, "to pid", process.pid)
        process.signalled.append((signal, self.scheduler.now))
        self._reach(process, signal)

    def _reach(self, process: KernelProcess, signal: int) -> None:
        if self.is_frozen(process.cgroup) and (signal != SIGKILL or self.freezer is Freezer.V1):
            process.pending.append(signal)
            return
        self._deliver(process, signal)

    def _deliver(self, process: KernelProcess, signal: int) -> None:
        if process.dying:
            return
        program = process.program
        if signal == SIGKILL:
            self._kill(process)
        elif signal == SIGTERM and process.relays_term:
            if process.relays_term_to is not None:
                self.signal(process.relays_term_to, SIGTERM)
        elif signal == SIGTERM and program is not None and program.on_term is not None:
            self.end(process, MainCode.EXITED, program.on_term)
        elif signal in FATAL and not process.is_pid1:
            self.end(process, MainCode.KILLED, signal)

    def _kill(self, process: KernelProcess) -> None:
        """A process in D state dies when it leaves it, and no signal hastens that (F102)."""
        if process.dying:
            return
        if self.faults.verdict(At.DEATH) is None:
            self.end(process, MainCode.KILLED, SIGKILL)
            return
        process.dying = True
        self.scheduler.spawn(f"D state of pid {process.pid}", self._die_late(process), "world")

    async def _die_late(self, process: KernelProcess) -> None:
        await first_of((), self.faults.lateness())
        self.end(process, MainCode.KILLED, SIGKILL)

    def freeze(self, cgroup: str) -> None:
        self._detail("kernel", "freezes", cgroup)
        self.frozen[cgroup] = None
        self.freezes.append((cgroup, True, self.scheduler.now))

    def thaw(self, cgroup: str) -> None:
        """Lets a cgroup and those below go on."""
        below = f"{cgroup}/"
        thawed = [each for each in self.frozen if each == cgroup or each.startswith(below)]
        if not thawed:
            return
        self._detail("kernel", "thaws", cgroup)
        for each in thawed:
            del self.frozen[each]
            self.freezes.append((each, False, self.scheduler.now))
        for process in self.inside(cgroup):
            pending, process.pending = process.pending, []
            for met in pending:
                if isinstance(met, End):
                    self.end(process, *met)
                else:
                    self._reach(process, met)

    def is_frozen(self, cgroup: str) -> bool:
        """By itself or by one above."""
        return bool(self.frozen) and any(
            cgroup == each or cgroup.startswith(f"{each}/") for each in self.frozen
        )

    def living(self, pid: Pid) -> KernelProcess | None:
        process = self.processes.get(pid)
        return process if pid != NO_PID and process is not None and process.lives else None
