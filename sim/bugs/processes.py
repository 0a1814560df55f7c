"""The kernel's side: pids, parents, the freezer."""

from typing import Any, Final

from returns.result import Failure, Result, Success

from domain.exit_status import MainCode
from domain.ports.processes import Program
from domain.refusal import CgroupFailed, ProcessGone
from sim.bugs.bug import At, Bug, honest
from sim.faults import At as Where
from sim.world.host import FakeCgroups, FakeProcesses
from sim.world.kernel import KernelProcess
from sim.world.systemd import Systemd

_reaped = honest(Systemd, "_reaped")


async def _whoever_has_the_pid(
    self: Any, program: Program, signal: int
) -> Result[None, ProcessGone]:
    await self._world.pass_through(Where.PROCESS)
    found = self._world.kernel.living(program.pid)
    if found is None:
        return Failure(ProcessGone())
    self._world.kernel.signal(found, signal)
    return Success(None)


def _nobody_to_wait_for(self: Any, reaper: KernelProcess, ended: KernelProcess) -> None:
    if ended.ended_at == ended.born_at:
        self.world.kernel.end(reaper, MainCode.EXITED, 0)
    else:
        _reaped(self, reaper, ended)


async def _not_thawed(*_: object) -> Result[None, CgroupFailed]:
    return Success(None)


BUGS: Final = (
    Bug(
        "pid-reuse-kills-a-stranger",
        "an exec's program is signalled by its pid, which may be somebody else's by now",
        "F29",
        (At(FakeProcesses, "signal", _whoever_has_the_pid),),
    ),
    Bug(
        "dead-child-told-as-0",
        "of a program that is dead before anybody waits the reaper says 0",
        "D10",
        (At(Systemd, "_reaped", _nobody_to_wait_for),),
    ),
    Bug(
        "killed-stays-frozen",
        "a paused container is killed and not thawed: on cgroup v1 it does not die",
        "F99",
        (At(FakeCgroups, "thaw", _not_thawed),),
    ),
)
