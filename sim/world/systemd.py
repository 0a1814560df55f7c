"""systemd: units, their jobs and what remains of them. Survives every crash of the shim."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from domain.exit_status import NS_PER_US, MainCode
from domain.identity import NO_PID
from domain.unit import Activity, InvocationId, JobResult, UnitRef, UnitState, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName
from sim.faults import At
from sim.scheduler import SimLatch
from sim.world.kernel import SIGKILL, SIGTERM, KernelProcess
from sim.world.runc import Oci
from sim.world.world import World

# What the reaper ends with when runc failed.
RUNC_FAILED: Final = 1


@dataclass(slots=True, eq=False)
class Job:
    done: SimLatch
    result: JobResult = JobResult.DONE


@dataclass(slots=True, eq=False)
class Unit:
    definition: UnitDefinition
    invocation: InvocationId
    activity: Activity = Activity.STARTING
    main: KernelProcess | None = None
    code: MainCode = MainCode.NONE
    status: int = 0
    exited_at_us: int = 0
    refs: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> UnitName:
        return self.definition.name

    @property
    def cgroup(self) -> str:
        return f"/{self.definition.properties['Slice']}/{self.name}"

    def state(self) -> UnitState:
        main = self.main
        return UnitState(
            ref=UnitRef(self.name, self.invocation),
            activity=self.activity,
            main_pid=main.pid if main is not None and self.code is MainCode.NONE else NO_PID,
            main_code=self.code,
            main_status=self.status,
            exited_at_us=self.exited_at_us,
        )


class Systemd:
    """PID 1 as far as transient services go."""

    def __init__(self, world: World, oci: Oci) -> None:
        self.world = world
        self.oci = oci
        self.units: dict[UnitName, Unit] = {}
        # Who hears of changes: each incarnation of the shim that has subscribed.
        self.listeners: list[Callable[[UnitName], None]] = []
        self._invocations = 0

    def find(self, ref: UnitRef) -> Unit | None:
        unit = self.units.get(ref.name)
        if unit is None or ref.invocation not in {None, unit.invocation}:
            return None
        return unit

    def start(self, definition: UnitDefinition, by: str) -> Job | None:
        """A transient unit and its start job; None if the name is loaded already."""
        if definition.name in self.units:
            return None
        self._invocations += 1
        unit = Unit(definition, InvocationId(f"{self._invocations:032x}"))
        unit.refs[by] = None
        self.units[definition.name] = unit
        job = Job(self.world.scheduler.latch())
        work = self._fork(unit, job) if self._is_forking(unit) else self._notify(unit, job)
        self.world.scheduler.spawn(f"job {definition.name}", work, "world")
        return job

    def _is_forking(self, unit: Unit) -> bool:
        return unit.definition.properties["Type"] == "forking"

    async def _fork(self, unit: Unit, job: Job) -> None:
        """Type=forking: ExecStart is `runc create`, whose child becomes the main process."""
        argv = unit.definition.argv
        init = await self.oci.create(
            _option(argv, "--root"), argv[-1], _option(argv, "--bundle"), _option(argv, "--log")
        )
        if init is None:
            self._started(unit, job, None)
            return
        if unit.activity is not Activity.STARTING:
            self.world.kernel.signal(init, SIGKILL)  # stopped meanwhile
        self._started(unit, job, init)

    async def _notify(self, unit: Unit, job: Job) -> None:
        """Type=notify: the reaper, which is ready when runc has set the program up."""
        argv = unit.definition.argv
        reaper = self.world.kernel.fork(unit.cgroup)
        self._supervise(unit, reaper)
        program = await self.oci.execute(
            _option(argv, "--root"),
            argv[-1],
            _option(argv, "--process"),
            _option(argv, "--pid-file"),
            _option(argv, "--log"),
        )
        if program is None:
            self.world.kernel.end(reaper, MainCode.EXITED, RUNC_FAILED)
            self._started(unit, job, None)
            return
        program.on_end.append(lambda ended: self._reaped(reaper, ended))
        if not program.lives:
            self._reaped(reaper, program)
        self._started(unit, job, reaper)

    def _reaped(self, reaper: KernelProcess, ended: KernelProcess) -> None:
        self.world.kernel.end(reaper, ended.code, ended.status)

    def _started(self, unit: Unit, job: Job, main: KernelProcess | None) -> None:
        if main is None or unit.activity is not Activity.STARTING:
            job.result = JobResult.FAILED
            unit.activity = Activity.FAILED
        else:
            unit.activity = Activity.ACTIVE
            if unit.main is None:
                self._supervise(unit, main)
        job.done.open()
        self.changed(unit)

    def _supervise(self, unit: Unit, main: KernelProcess) -> None:
        unit.main = main
        main.on_end.append(lambda _: self._child_died(unit))
        if not main.lives:
            self._child_died(unit)

    def _child_died(self, unit: Unit) -> None:
        self.world.scheduler.spawn(f"sigchld {unit.name}", self._sigchld(unit), "world")

    async def _sigchld(self, unit: Unit) -> None:
        """PID 1 hears of the main process's death some time after it (F70)."""
        await self.world.reach(At.SIGCHLD)
        main = unit.main
        if main is None or unit.code is not MainCode.NONE:
            return
        unit.code = main.code
        unit.status = main.status
        unit.exited_at_us = self.world.wall() // NS_PER_US
        if unit.activity is Activity.ACTIVE and not self._ended_cleanly(unit):
            unit.activity = Activity.FAILED
        elif unit.activity is Activity.STOPPING:
            self._stopped(unit)
        self.changed(unit)

    def _ended_cleanly(self, unit: Unit) -> bool:
        """0 and death by TERM, HUP, INT, PIPE leave `active (exited)` with RemainAfterExit."""
        if unit.code is MainCode.EXITED:
            return unit.status == 0
        return unit.status in {1, 2, 13, SIGTERM}

    def _stopped(self, unit: Unit) -> None:
        unit.activity = Activity.INACTIVE if self._ended_cleanly(unit) else Activity.FAILED
        self._collect(unit)

    def kill(self, unit: Unit, whom: Whom, signal: int) -> None:
        if whom is Whom.ALL:
            for process in self.world.kernel.inside(unit.cgroup):
                self.world.kernel.signal(process, signal)
        elif unit.main is not None:
            self.world.kernel.signal(unit.main, signal)

    async def stop(self, unit: Unit) -> JobResult:
        """KillMode=mixed: TERM for the main process, KILL for all after the stop timeout."""
        if unit.activity in {Activity.INACTIVE, Activity.FAILED}:
            self._collect(unit)
            return JobResult.DONE
        main = unit.main
        if main is None or unit.code is not MainCode.NONE:
            for process in self.world.kernel.inside(unit.cgroup):
                self.world.kernel.signal(process, SIGKILL)
            unit.activity = Activity.INACTIVE
            self._collect(unit)
            self.changed(unit)
            return JobResult.DONE
        unit.activity = Activity.STOPPING
        self.world.kernel.signal(main, SIGTERM)
        ended = self.world.scheduler.latch()
        main.on_end.append(lambda _: ended.open())
        await self.world.scheduler.first_of((ended,), self._stop_timeout_s(unit))
        self.kill(unit, Whom.ALL, SIGKILL)
        while unit.activity is Activity.STOPPING and main.lives is False:
            await self.world.scheduler.first_of((), 0.01)
        return JobResult.DONE

    def _stop_timeout_s(self, unit: Unit) -> float:
        timeout_us = unit.definition.properties["TimeoutStopUSec"]
        return float(timeout_us) / 1e6 if isinstance(timeout_us, int) else 0.0

    def reset_failed(self, unit: Unit) -> None:
        if unit.activity is Activity.FAILED:
            unit.activity = Activity.INACTIVE
        self._collect(unit)

    def unref(self, unit: Unit, by: str) -> None:
        unit.refs.pop(by, None)
        self._collect(unit)

    def disconnect(self, by: str) -> None:
        """The bus connection is gone, and with it every reference it held (S17)."""
        for unit in list(self.units.values()):
            self.unref(unit, by)

    def _collect(self, unit: Unit) -> None:
        """An inactive unit that nobody refers to is forgotten, and its status with it (F46)."""
        if unit.activity is Activity.INACTIVE and not unit.refs:
            self.units.pop(unit.name, None)

    def changed(self, unit: Unit) -> None:
        for listener in self.listeners:
            listener(unit.name)


def _option(argv: tuple[str, ...], option: str) -> str:
    return argv[argv.index(option) + 1]
