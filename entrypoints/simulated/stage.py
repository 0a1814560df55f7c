"""Who plays which program: the kernel of a simulated node whose programs have real stdio."""

from dataclasses import dataclass
from typing import Any, Final

from domain.exit_status import MainCode
from domain.identity import Pid, ProcessKey
from domain.request import Stdio
from domain.unit_name import unit_name
from entrypoints.simulated.clockwork import Clockwork
from entrypoints.simulated.program_ends import ProgramEnds
from entrypoints.simulated.programs import Script
from sim.world.kernel import Kernel, KernelProcess, Program

# Above what Linux can have (PID_MAX_LIMIT, include/linux/threads.h): a client that signals or
# looks up such a pid itself hits nobody on the machine that it runs on.
PID_BEFORE_FIRST: Final = 4_194_304
# The dead are forgotten when so many processes are known, and then when twice as many as lived.
KNOWN_MIN: Final = 256


@dataclass(frozen=True, slots=True)
class Role:
    """What a process is to do, and with which FIFOs."""

    script: Script
    stdio: Stdio


class Stage:
    """The roles, and the ends of all programs that play one."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        # By the name of the unit, which is how the kernel's processes are known.
        self._roles: dict[str, Role] = {}
        self._ends: dict[KernelProcess, ProgramEnds] = {}

    def cast(self, process: ProcessKey, role: Role) -> None:
        """From now on the process of that key plays this."""
        self._roles[unit_name(process)] = role

    def forget(self, process: ProcessKey) -> None:
        self._roles.pop(unit_name(process), None)

    def enter(self, process: KernelProcess, kernel: "StagedKernel") -> None:
        """runc has made the process."""
        role = self._roles.get(process.unit)
        if role is None:
            return

        def input_ended() -> None:
            if role.script.until_input_ends:
                kernel.exit(process, role.script.exits)
                self._clockwork.turn()

        self._ends[process] = ProgramEnds(role.script, role.stdio, input_ended)
        process.on_end.append(self._leave)

    def begin(self, process: KernelProcess) -> None:
        ends = self._ends.get(process)
        if ends is not None:
            ends.begin()

    def _leave(self, process: KernelProcess) -> None:
        self._ends.pop(process).end()

    def close(self) -> None:
        """The curtain falls on whoever is there."""
        for ends in self._ends.values():
            ends.close()


class StagedKernel(Kernel):
    """A kernel that has room for every process a client may want, and a stage for them."""

    def __init__(self, like: Kernel, stage: Stage) -> None:
        # In a fresh kernel's place, with whatever that was made with.
        vars(self).update(vars(like))
        self._stage = stage
        self._known_max = KNOWN_MIN

    def fork(self, cgroup: str, **how: Any) -> KernelProcess:
        process = super().fork(cgroup, **how)
        self._stage.enter(process, self)
        return process

    def execute(self, process: KernelProcess, program: Program) -> None:
        super().execute(process, program)
        self._stage.begin(process)

    def exit(self, process: KernelProcess, status: int) -> None:
        """The program's own end, which a frozen one comes to when it is thawed."""
        if self.is_frozen(process.cgroup):
            process.pending.append(-status)
        else:
            self.end(process, MainCode.EXITED, status)

    def _free_pid(self) -> Pid:
        """No number comes back, so nobody is kept for the sake of his number."""
        if len(self.processes) >= self._known_max:
            found = self.processes.items()
            self.processes = {pid: each for pid, each in found if each.lives or each.awaited}
            self._known_max = max(KNOWN_MIN, 2 * len(self.processes))
        return Pid(PID_BEFORE_FIRST + len(self.history) + 1)
