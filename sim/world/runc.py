"""runc: makes containers out of bundles, as a command that systemd or the shim runs."""

import json
from dataclasses import astuple, dataclass
from typing import Final

from domain import bundle_files
from domain.exit_status import MainCode
from sim.faults import At, Does
from sim.scheduler import sleep
from sim.world.disk import Disk
from sim.world.kernel import SIGKILL, KernelProcess, Program
from sim.world.pipes import Pipes, Pty
from sim.world.world import ORDINARY_S, World

MISSING: Final = "missing"
# What runc ends with when it says no.
FAILED: Final = 1


def args_of(program: Program) -> tuple[str, ...]:
    """A command line that `program_of` reads back."""
    return ("run", json.dumps(astuple(program)))


def program_of(args: tuple[str, ...]) -> Program | None:
    """The program that a command line means; None: there is no such file."""
    if args[:1] == (MISSING,):
        return None
    return Program(*json.loads(args[1]))


@dataclass(slots=True, eq=False)
class RuncContainer:
    id: str
    root: str
    bundle: str
    cgroup: str
    init: KernelProcess
    program: Program
    is_started: bool = False

    @property
    def status(self) -> str:
        """But for the freezer, which `runc state` looks at too."""
        if not self.init.lives:
            return "stopped"
        return "running" if self.is_started else "created"


@dataclass(frozen=True, slots=True)
class Command:
    """A `runc` in a unit: its process, and what its command line says."""

    process: KernelProcess
    unit: str
    argv: tuple[str, ...]

    def option(self, name: str) -> str:
        """The option's value; "" if it is not there."""
        return self.argv[self.argv.index(name) + 1] if name in self.argv else ""

    @property
    def key(self) -> tuple[str, str]:
        return (self.option("--root"), self.argv[-1])


class Oci:
    """runc's own state, in the world: survives every crash of the shim."""

    def __init__(self, world: World, disk: Disk, pipes: Pipes) -> None:
        self.world = world
        self.disk = disk
        self.pipes = pipes
        self.containers: dict[tuple[str, str], RuncContainer] = {}

    def fail(self, log: str, why: str) -> str:
        self.world.detail("runc", "fails:", why)
        line = json.dumps({"level": "error", "msg": why})
        self.disk.write(log, f"{self.disk.file(log) or ''}{line}\n")
        return why

    async def create(self, runc: Command, hangs_s: float) -> KernelProcess | None:
        """`runc create` or `restore`: the init, or None and a line in the log.

        It may be killed on its way, before its effect or after (F101); one that hangs comes
        back after `hangs_s`, when systemd has lost its patience.
        """
        does = await self._works(runc, At.RUNC_CREATE, hangs_s)
        if not runc.process.lives or does is Does.NEVER_ARRIVES:
            return None
        why = self._cannot_create(runc, does)
        if why is not None:
            self.fail(runc.option("--log"), why)
            return None
        init = self._make(runc)
        if does is Does.FAILS_AFTER:
            self.fail(runc.option("--log"), "runc create failed: did not terminate successfully")
            return None
        if self.world.choices.happens(0.25):
            await sleep(self.world.choices.draw() * ORDINARY_S)
        return init if runc.process.lives else None

    def _cannot_create(self, runc: Command, does: Does | None) -> str | None:
        found = self.disk.bundles.get(runc.option("--bundle"))
        console = runc.option("--console-socket")
        if does is Does.FAILS_BEFORE or found is None:
            return "runc create failed: unable to start unit"
        if runc.key in self.containers:
            return "container with given ID already exists"
        unmounted = bundle_files.rootfs(runc.option("--bundle")) not in self.disk.mounted
        if program_of(found.args) is None or (found.is_mounted_by_shim and unmounted):
            return 'exec: "missing": executable file not found in $PATH'
        left = self.world.kernel.inside(found.cgroups_path)
        if left:
            return f"container's cgroup is not empty: {len(left)} process(es) found"
        if console and not self.pipes.connect(console, Pty()):
            return f"dial unix {console}: connect: connection refused"
        return None

    def _make(self, runc: Command) -> KernelProcess:
        bundle = runc.option("--bundle")
        found = self.disk.bundles[bundle]
        program = program_of(found.args)
        if program is None:
            raise AssertionError("looked at before")
        init = self.world.kernel.fork(
            found.cgroups_path, is_pid1=found.private_pid_namespace, unit=runc.unit
        )
        root, name = runc.key
        container = RuncContainer(name, root, bundle, found.cgroups_path, init, program)
        self.containers[runc.key] = container
        self.disk.write(runc.option("--pid-file"), str(init.pid))
        self.world.tell("runc", f"created {name}: pid {init.pid}")
        if "restore" in runc.argv:
            self.let_go(container)
        return init

    def let_go(self, container: RuncContainer) -> None:
        """The paused init runs its program."""
        container.is_started = True
        self.world.kernel.execute(container.init, container.program)
        self.world.tell("runc", f"started {container.id}")

    async def execute(self, runc: Command, hangs_s: float) -> KernelProcess | None:
        """`runc exec --detach` inside a unit.

        One that is killed after its effect has named the program in the pid file, or the reaper
        ends the program with itself (F101).
        """
        does = await self._works(runc, At.RUNC_EXEC, hangs_s)
        if not runc.process.lives or does is Does.NEVER_ARRIVES:
            return None
        why = self._cannot_execute(runc, does)
        if why is not None:
            self.fail(runc.option("--log"), why)
            self.world.kernel.end(runc.process, MainCode.EXITED, FAILED)
            return None
        container = self.containers[runc.key]
        program = self._asked_for(runc)
        if program is None:
            raise AssertionError("looked at before")
        process = self.world.kernel.fork(container.cgroup, unit=runc.unit)
        self.world.kernel.execute(process, program)
        self.world.tell("runc", f"exec in {container.id}: pid {process.pid}")
        if does is Does.FAILS_AFTER:
            self.world.kernel.end(runc.process, MainCode.KILLED, SIGKILL)
            if self.world.choices.happens(0.5):
                self.world.kernel.end(process, MainCode.KILLED, SIGKILL)  # by the reaper
                return None
        self.disk.write(runc.option("--pid-file"), str(process.pid))
        return process

    def _cannot_execute(self, runc: Command, does: Does | None) -> str | None:
        container = self.containers.get(runc.key)
        console = runc.option("--console-socket")
        if does is Does.FAILS_BEFORE or self.disk.file(runc.option("--process")) is None:
            return "exec failed: unable to start"
        if container is None or not container.init.lives:
            return "cannot exec in a stopped container"
        if self.world.kernel.is_frozen(container.cgroup):
            return "cannot exec in a paused container (use --ignore-paused to override)"
        if self._asked_for(runc) is None:
            return 'exec failed: exec: "missing": executable file not found in $PATH'
        if console and not self.pipes.connect(console, Pty()):
            return f"dial unix {console}: connect: connection refused"
        return None

    def _asked_for(self, runc: Command) -> Program | None:
        spec = json.loads(self.disk.file(runc.option("--process")) or "{}")
        return program_of(tuple(spec["args"]))

    async def _works(self, runc: Command, at: At, hangs_s: float) -> Does | None:
        """The time until its effect, cut short by its death."""
        self.world.detail("runc", "pid", runc.process.pid, "runs", runc.argv)
        does = self.world.faults.verdict(at)
        takes = self.world.choices.draw() * ORDINARY_S
        if does is Does.LATE:
            takes += self.world.faults.lateness()
        elif does is Does.NEVER_ARRIVES:
            takes = hangs_s
        if takes > ORDINARY_S:
            died = self.world.scheduler.latch()
            runc.process.on_end.append(lambda _: died.open())
            await self.world.scheduler.first_of((died,), takes)
        else:
            await sleep(takes)
        # In D state, with a KILL that waits for it: it comes to nothing any more (F102).
        return Does.NEVER_ARRIVES if runc.process.dying else does

    def forget(self, container: RuncContainer) -> None:
        """`runc delete`: kills what is left, and knows it no more."""
        self.world.kernel.thaw(container.cgroup)
        for process in self.world.kernel.inside(container.cgroup):
            self.world.kernel.signal(process, SIGKILL)
        self.containers.pop((container.root, container.id), None)
        self.world.tell("runc", f"deleted {container.id}")
