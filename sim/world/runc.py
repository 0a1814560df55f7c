"""runc: makes containers out of bundles, as a command that systemd or the shim runs."""

import json
from dataclasses import dataclass
from typing import Final

from returns.result import Failure, Result, Success

from domain import bundle_files
from domain.exit_status import MainCode
from domain.identity import NO_PID, Pid
from domain.limits import Seconds
from domain.ports.runc import RuncState, RuncTarget
from domain.refusal import DeadlinePassed, RuncFailed
from sim.faults import At, Does
from sim.world.disk import Disk
from sim.world.kernel import SIGKILL, KernelProcess, Program
from sim.world.world import World

MISSING: Final = "missing"


def args_of(program: Program) -> tuple[str, ...]:
    """A command line that `program_of` reads back."""
    return ("run", json.dumps([program.exits, program.runs_s, program.on_term]))


def program_of(args: tuple[str, ...]) -> Program | None:
    """The program that a command line means; None: there is no such file."""
    if args[:1] == (MISSING,):
        return None
    exits, runs_s, on_term = json.loads(args[1])
    return Program(exits, runs_s, on_term)


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
        if not self.init.lives:
            return "stopped"
        return "running" if self.is_started else "created"


class Oci:
    """runc's own state, in the world: survives every crash of the shim."""

    def __init__(self, world: World, disk: Disk) -> None:
        self.world = world
        self.disk = disk
        self.containers: dict[tuple[str, str], RuncContainer] = {}

    def fail(self, log: str, why: str) -> str:
        line = json.dumps({"level": "error", "msg": why})
        self.disk.write(log, f"{self.disk.file(log) or ''}{line}\n")
        return why

    async def create(
        self, root: str, container_id: str, bundle: str, log: str
    ) -> KernelProcess | None:
        """`runc create` inside a unit: the paused init, or None and a line in the log."""
        does = await self.world.reach(At.RUNC_CREATE)
        found = self.disk.bundles.get(bundle)
        if does is Does.FAILS_BEFORE or found is None:
            self.fail(log, "runc create failed: unable to start unit")
            return None
        if (root, container_id) in self.containers:
            self.fail(log, "container with given ID already exists")
            return None
        program = program_of(found.args)
        if program is None:
            self.fail(log, 'exec: "missing": executable file not found in $PATH')
            return None
        init = self.world.kernel.fork(found.cgroups_path, is_pid1=found.private_pid_namespace)
        self.containers[root, container_id] = RuncContainer(
            container_id, root, bundle, found.cgroups_path, init, program
        )
        self.disk.write(bundle_files.pid_file(bundle, None), str(init.pid))
        self.world.tell("runc", f"created {container_id}: pid {init.pid}")
        return init

    async def execute(
        self, root: str, container_id: str, spec_path: str, pid_path: str, log: str
    ) -> KernelProcess | None:
        """`runc exec --detach` inside a unit."""
        does = await self.world.reach(At.RUNC_EXEC)
        container = self.containers.get((root, container_id))
        spec = self.disk.file(spec_path)
        if does is Does.FAILS_BEFORE or spec is None:
            self.fail(log, "exec failed: unable to start")
            return None
        if container is None or not container.init.lives:
            self.fail(log, "cannot exec in a stopped container")
            return None
        if self.world.kernel.is_frozen(container.cgroup):
            self.fail(log, "cannot exec in a paused container (use --ignore-paused to override)")
            return None
        program = program_of(tuple(json.loads(spec)["args"]))
        if program is None:
            self.fail(log, 'exec failed: exec: "missing": executable file not found in $PATH')
            return None
        process = self.world.kernel.fork(container.cgroup)
        self.disk.write(pid_path, str(process.pid))
        self.world.kernel.execute(process, program)
        self.world.tell("runc", f"exec in {container_id}: pid {process.pid}")
        return process


class FakeRunc:
    """The Runc port."""

    def __init__(self, oci: Oci) -> None:
        self._oci = oci

    async def start(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        does = await self._reach(At.RUNC_START, within)
        if isinstance(does, DeadlinePassed):
            return Failure(does)
        container = self._find(target)
        if container is None or does is Does.FAILS_BEFORE:
            return self._refuse(target, "start", "container does not exist")
        if container.status != "created":
            text = "stopped" if container.status == "stopped" else "already running"
            return self._refuse(target, "start", f"cannot start a container that is {text}")
        container.is_started = True
        self._oci.world.kernel.execute(container.init, container.program)
        self._oci.world.tell("runc", f"started {container.id}")
        if does is Does.FAILS_AFTER:
            return self._refuse(target, "start", "runc did not terminate successfully")
        await self._oci.world.reach(At.RUNC_LIST)  # its answer takes a while, too
        return Success(None)

    async def state(
        self, target: RuncTarget, within: Seconds
    ) -> Result[RuncState, RuncFailed | DeadlinePassed]:
        does = await self._reach(At.RUNC_STATE, within)
        if isinstance(does, DeadlinePassed):
            return Failure(does)
        container = self._find(target)
        if container is None:
            return self._refuse(target, "state", "container does not exist")
        pid = container.init.pid if container.init.lives else NO_PID
        status = "paused" if self._is_frozen(container) else container.status
        return Success(RuncState(status, pid))

    async def pause(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        does = await self._reach(At.RUNC_FREEZE, within)
        if isinstance(does, DeadlinePassed):
            return Failure(does)
        container = self._find(target)
        if container is None or container.status != "running":
            return self._refuse(target, "pause", "container not running")
        self._oci.world.kernel.freeze(container.cgroup)
        if does is Does.FAILS_AFTER:
            self._oci.world.kernel.thaw(container.cgroup)
            return self._refuse(target, "pause", "unable to freeze")
        return Success(None)

    async def resume(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        does = await self._reach(At.RUNC_FREEZE, within)
        if isinstance(does, DeadlinePassed):
            return Failure(does)
        container = self._find(target)
        if container is None or not self._is_frozen(container):
            return self._refuse(target, "resume", "container not paused")
        self._oci.world.kernel.thaw(container.cgroup)
        return Success(None)

    async def pids(
        self, target: RuncTarget, within: Seconds
    ) -> Result[tuple[Pid, ...], RuncFailed | DeadlinePassed]:
        does = await self._reach(At.RUNC_LIST, within)
        if isinstance(does, DeadlinePassed):
            return Failure(does)
        container = self._find(target)
        if container is None or does is Does.FAILS_BEFORE:
            return self._refuse(target, "ps", "container does not exist")
        inside = self._oci.world.kernel.inside(container.cgroup)
        return Success(tuple(process.pid for process in inside))

    async def delete(
        self, target: RuncTarget, within: Seconds
    ) -> Result[None, RuncFailed | DeadlinePassed]:
        does = await self._reach(At.RUNC_DELETE, within)
        if isinstance(does, DeadlinePassed):
            return Failure(does)
        container = self._find(target)
        if container is None:
            return Success(None)
        if does is Does.FAILS_BEFORE:
            return self._refuse(target, "delete", "cgroup: device or resource busy")
        self._oci.world.kernel.thaw(container.cgroup)
        for process in self._oci.world.kernel.inside(container.cgroup):
            self._oci.world.kernel.end(process, MainCode.KILLED, SIGKILL)
        del self._oci.containers[container.root, container.id]
        self._oci.world.tell("runc", f"deleted {container.id}")
        return Success(None)

    async def last_error(self, log: str) -> str | None:
        await self._oci.world.reach(At.BUNDLE)
        text = self._oci.disk.file(log)
        return None if not text else str(json.loads(text.splitlines()[-1])["msg"])

    async def _reach(self, at: At, within: Seconds) -> Does | DeadlinePassed | None:
        begun = self._oci.world.scheduler.now
        does = await self._oci.world.reach(at)
        if self._oci.world.scheduler.now - begun > within:
            return DeadlinePassed(at.name, within)
        return does

    def _find(self, target: RuncTarget) -> RuncContainer | None:
        return self._oci.containers.get((target.root, target.owner.container))

    def _is_frozen(self, container: RuncContainer) -> bool:
        return self._oci.world.kernel.is_frozen(container.cgroup)

    def _refuse(self, target: RuncTarget, command: str, why: str) -> Failure[RuncFailed]:
        return Failure(RuncFailed(command, self._oci.fail(target.log, why)))
