"""systemd: units, their jobs and what remains of them. Survives every crash of the shim."""

from domain.exit_status import NS_PER_US, MainCode
from domain.unit import Activity, InvocationId, JobResult, UnitRef, Whom
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName
from sim.faults import At, Does
from sim.scheduler import SimLatch, sleep
from sim.world.kernel import SIGKILL, SIGTERM, KernelProcess
from sim.world.runc import Command, Oci, program_of
from sim.world.unit import CANNOT_SET_UP, FRUITLESS, RUNC_FAILED, Job, Listener, Refused, Unit
from sim.world.world import ORDINARY_S, Line, World


class Systemd:
    """PID 1 as far as transient services go."""

    def __init__(self, world: World, oci: Oci) -> None:
        self.world = world
        self.oci = oci
        self.units: dict[UnitName, Unit] = {}
        # Calls are handled one after the other, whoever sent them.
        self.line = Line()
        # Who hears of changes: each incarnation of the shim that has subscribed.
        self.listeners: list[Listener] = []
        # While the bus is away: opens when it is up again.
        self.bus_is_back: SimLatch | None = None
        # Every unit that ever was, and since when nobody could read its status any more (F46).
        self.history: list[Unit] = []
        self.forgotten: dict[InvocationId, float] = {}
        # Whom a shim itself has let go: what it had not read by then it gave away.
        self.released: dict[InvocationId, None] = {}
        # Connections that have ended: a call of theirs may come later, but holds nothing (S17).
        self.gone: dict[str, None] = {}
        self.shuts_down = False

    def find(self, ref: UnitRef) -> Unit | None:
        unit = self.units.get(ref.name)
        if unit is None or ref.invocation not in {None, unit.invocation}:
            return None
        return unit

    def start(self, definition: UnitDefinition, by: str) -> Job | Refused:
        """A transient unit and its start job."""
        if definition.name in self.units:
            return Refused.EXISTS
        does = self.world.faults.verdict(At.JOB)
        if does is Does.FAILS_BEFORE or self.shuts_down:
            return Refused.DESTRUCTIVE
        self.world.detail("systemd", "start job for", definition.name, "by", by)
        latch = self.world.scheduler.latch
        invocation = InvocationId(f"{len(self.history) + 1:032x}")
        unit = Unit(definition, invocation, Job(latch()), latch(), self.world.scheduler.now)
        self.ref(unit, by)
        self.units[definition.name] = unit
        self.history.append(unit)
        if does in {Does.FAILS_AFTER, Does.NEVER_ARRIVES}:
            unit.activity = Activity.INACTIVE
            # Skipped by a condition, and `done` all the same (F59), or honest about it (F50).
            skipped = does is Does.FAILS_AFTER
            result = JobResult.DONE if skipped else self.world.choices.one_of(FRUITLESS)
            unit.job.finish(result)
        else:
            self.world.scheduler.spawn(f"job {definition.name}", self._begin(unit), "world")
        if does is Does.NEVER_ANSWERS:
            self.world.scheduler.spawn(f"cancel {definition.name}", self._cancel(unit), "world")
        return unit.job

    async def _cancel(self, unit: Unit) -> None:
        """`systemctl cancel`: the job is over, and the unit comes up all the same (F50)."""
        await sleep(self.world.choices.draw() * ORDINARY_S)
        self.world.detail("systemd", "cancels the start job of", unit.name)
        unit.job.finish(JobResult.CANCELED)

    async def _begin(self, unit: Unit) -> None:
        if unit.activity is not Activity.STARTING:
            return  # a stop came first and has cancelled the job while it was waiting
        kind = unit.definition.properties["Type"]
        if kind not in {"forking", "notify"}:
            self._execute(unit)
        elif self.world.faults.verdict(At.SPAWN) is not None:
            await self._spawn_nobody(unit, has_main=kind == "notify")
        elif kind == "forking":
            await self._fork(unit)
        else:
            await self._notify(unit)

    async def _spawn_nobody(self, unit: Unit, *, has_main: bool) -> None:
        """What should run ends before its program begins; its code is systemd's own (F86)."""
        child = self.world.kernel.fork(unit.cgroup)
        if has_main:
            self._supervise(unit, child)
            self.world.kernel.end(child, MainCode.EXITED, CANNOT_SET_UP)
            return
        self.world.kernel.end(child, MainCode.EXITED, CANNOT_SET_UP)
        await self._not_started(unit)

    async def _fork(self, unit: Unit) -> None:
        """ExecStart is `runc create`, whose child becomes the main process."""
        runc = unit.control = self.world.kernel.fork(unit.cgroup)
        command = Command(runc, unit.name, unit.definition.argv)
        init = await self.oci.create(command, unit.seconds("TimeoutStartUSec"))
        if init is None or unit.activity is not Activity.STARTING:
            await self._not_started(unit)
            return
        self.world.kernel.end(runc, MainCode.EXITED, 0)
        if not await self._has_pid_file(unit):
            await self._not_started(unit)
            return
        if not init.lives:  # systemd refuses the pid of a dead process (F66)
            await self._not_started(unit)
            return
        self._supervise(unit, init)
        self._ready(unit)

    async def _has_pid_file(self, unit: Unit) -> bool:
        """systemd waits for one that comes late; one that stays empty it gives up on (F64)."""
        does = self.world.faults.verdict(At.PID_FILE)
        if does is None:
            return True
        limit_s = unit.seconds("TimeoutStartUSec")
        late_s = limit_s if does is Does.NEVER_ARRIVES else self.world.faults.lateness()
        await self.world.scheduler.first_of((), late_s)
        return late_s < limit_s and unit.activity is Activity.STARTING

    async def _notify(self, unit: Unit) -> None:
        """ExecStart is the reaper, which is ready when runc has set the program up."""
        reaper = self.world.kernel.fork(unit.cgroup)
        reaper.relays_term = True
        self._supervise(unit, reaper)
        runc = unit.control = self.world.kernel.fork(unit.cgroup)
        command = Command(runc, unit.name, unit.definition.argv)
        program = await self.oci.execute(command, unit.seconds("TimeoutStartUSec"))
        was_killed = not runc.lives and runc.code is not MainCode.EXITED and not reaper.lives
        waits = runc.lives and unit.activity is Activity.STARTING
        hangs = program is None and reaper.lives and waits
        if was_killed or hangs:
            await self._not_started(unit)
            return
        self.world.kernel.end(runc, MainCode.EXITED, 0 if program else RUNC_FAILED)
        if program is None:
            self.world.kernel.end(reaper, MainCode.EXITED, RUNC_FAILED)
            return
        reaper.relays_term_to = program
        for signal in reaper.pending:
            if isinstance(signal, int):
                self.world.kernel.signal(program, signal)
        if reaper.lives:
            self._report_ready(unit)
        program.on_end.append(lambda ended: self._reaped(reaper, ended))
        if not program.lives:
            self._reaped(reaper, program)

    def _report_ready(self, unit: Unit) -> None:
        """READY=1 may come late, and is dropped when its sender has gone by then (F67)."""
        if self.world.faults.verdict(At.READY) is None:
            self._ready(unit)
        else:
            work = self._ready_late(unit, self.world.faults.lateness())
            self.world.scheduler.spawn(f"ready {unit.name}", work, "world")

    async def _ready_late(self, unit: Unit, late_s: float) -> None:
        await self.world.scheduler.first_of((unit.reaped,), late_s)
        if not unit.reaped.is_open:
            self._ready(unit)

    def _reaped(self, reaper: KernelProcess, ended: KernelProcess) -> None:
        self.world.kernel.end(reaper, ended.code, ended.status)

    def _execute(self, unit: Unit) -> None:
        """Any other program, as its command line says."""
        program = program_of(unit.definition.argv)
        if program is None:
            unit.activity = Activity.FAILED
            unit.job.finish(JobResult.FAILED)
            self.changed(unit)
            return
        main = self.world.kernel.fork(unit.cgroup)
        self._supervise(unit, main)
        self._ready(unit)
        self.world.kernel.execute(main, program)

    def _ready(self, unit: Unit) -> None:
        if unit.activity is Activity.STARTING:
            unit.activity = Activity.ACTIVE
            unit.job.finish(JobResult.DONE)
            self.changed(unit)

    async def _not_started(self, unit: Unit) -> None:
        """The start failed or took too long; if a stop has not begun already, it begins now."""
        if unit.going_down is None:
            await self._go_down(unit)

    def _supervise(self, unit: Unit, main: KernelProcess) -> None:
        unit.main = main
        main.awaited = True
        main.on_end.append(lambda _: self._child_died(unit))
        if not main.lives:
            self._child_died(unit)

    def _child_died(self, unit: Unit) -> None:
        self.world.scheduler.spawn(f"sigchld {unit.name}", self._sigchld(unit), "world")

    async def _sigchld(self, unit: Unit) -> None:
        """PID 1 hears of the main process's death some time after it (F70)."""
        await self.world.pass_through(At.SIGCHLD)
        main = unit.main
        if main is None or unit.code is not MainCode.NONE:
            return
        main.awaited = False
        unit.code = main.code
        unit.status = main.status
        unit.exited_at_us = self.world.wall() // NS_PER_US
        unit.reaped.open()
        self.changed(unit)
        broke_off = unit.activity is Activity.STARTING
        if broke_off or (unit.activity is Activity.ACTIVE and not unit.is_clean):
            await self._go_down(unit)

    async def _go_down(self, unit: Unit) -> None:
        """KillMode=mixed: TERM for the main process, then KILL for all that is left."""
        unit.going_down = self.world.scheduler.latch()
        failed = unit.activity is Activity.STARTING
        unit.activity = Activity.STOPPING
        timeout_s = unit.seconds("TimeoutStopUSec")
        self.world.detail("systemd", unit.name, "goes down")
        for process in (unit.main, unit.control):
            if process is not None and process.lives:
                ended = self.world.scheduler.latch()
                process.on_end.append(lambda _, ended=ended: ended.open())  # type: ignore[misc]
                self.world.kernel.signal(process, SIGTERM)
                await self.world.scheduler.first_of((ended,), timeout_s)
        stuck = await self._kill_the_rest(unit, timeout_s)
        if unit.main is not None and not unit.main.lives:
            await self.world.scheduler.first_of((unit.reaped,), None)
        if self.world.faults.verdict(At.GO_DOWN) is not None:
            await self.world.scheduler.first_of((), self.world.faults.lateness())
        clean = unit.is_clean or unit.code is MainCode.NONE
        unit.activity = Activity.FAILED if failed or stuck or not clean else Activity.INACTIVE
        unit.job.finish(JobResult.FAILED)
        unit.going_down.open()
        self.changed(unit)
        self._collect(unit)

    async def _kill_the_rest(self, unit: Unit, timeout_s: float) -> bool:
        """True if somebody is left: on cgroup v1 a frozen process does not even die (F99)."""
        self.kill(unit, Whom.ALL, SIGKILL)
        if self.world.kernel.inside(unit.cgroup):
            await self.world.scheduler.first_of((), timeout_s)
        return bool(self.world.kernel.inside(unit.cgroup))

    def kill(self, unit: Unit, whom: Whom, signal: int) -> None:
        if whom is Whom.ALL:
            for process in self.world.kernel.inside(unit.cgroup):
                self.world.kernel.signal(process, signal)
        elif unit.main is not None:
            self.world.kernel.signal(unit.main, signal)

    async def stop(self, unit: Unit) -> JobResult:
        """A stop job; what is over already is done at once."""
        self.world.detail("systemd", "stop job for", unit.name, "which is", unit.activity)
        if unit.activity in {Activity.INACTIVE, Activity.FAILED}:
            return JobResult.DONE
        if unit.going_down is not None:
            await self.world.scheduler.first_of((unit.going_down,), None)
            return JobResult.DONE
        if unit.activity is Activity.STARTING:
            unit.job.finish(JobResult.CANCELED)
        await self._go_down(unit)
        return JobResult.DONE

    def reset_failed(self, unit: Unit) -> None:
        if unit.activity is Activity.FAILED:
            unit.activity = Activity.INACTIVE
        self._collect(unit)

    def ref(self, unit: Unit, by: str) -> None:
        if by not in self.gone:
            unit.refs[by] = None

    def unref(self, unit: Unit, by: str) -> None:
        unit.refs.pop(by, None)
        self._collect(unit)

    def disconnect(self, by: str) -> None:
        """The bus connection is gone, and with it every reference it held (S17)."""
        self.gone[by] = None
        for unit in list(self.units.values()):
            self.unref(unit, by)

    def _collect(self, unit: Unit) -> None:
        """An inactive unit that nobody refers to is forgotten, and its status with it (F46)."""
        if (
            unit.activity is Activity.INACTIVE
            and not unit.refs
            and unit is self.find(UnitRef(unit.name))
        ):
            self.world.detail("systemd", "forgets", unit.name)
            del self.units[unit.name]
            self.forgotten[unit.invocation] = self.world.scheduler.now

    def changed(self, unit: Unit) -> None:
        self.world.detail(
            "systemd", unit.name, "is", unit.activity, "main:", unit.code, unit.status
        )
        for listener in tuple(self.listeners):
            listener.changed(unit.name)
