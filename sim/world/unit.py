"""A unit as systemd has it, its job, and who hears of it."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

from domain.exit_status import MainCode
from domain.identity import NO_PID
from domain.unit import Activity, InvocationId, JobResult, UnitRef, UnitState
from domain.unit_definition import UnitDefinition
from domain.unit_name import UnitName
from sim.scheduler import SimLatch
from sim.world.kernel import SIGHUP, SIGINT, SIGTERM, KernelProcess

US_PER_S: Final = 1_000_000
# Ends that systemd calls clean (systemd.service(5), SuccessExitStatus): SIGPIPE is 13.
CLEAN_SIGNALS: Final = frozenset({SIGHUP, SIGINT, 13, SIGTERM})
# What the reaper ends with when runc failed.
RUNC_FAILED: Final = 1
# What systemd's own child ends with when the program's surroundings cannot be set up (F86).
CANNOT_SET_UP: Final = 219
# How a job ends that did nothing: by somebody else's will, or for the sake of another unit.
FRUITLESS: Final = (
    JobResult.CANCELED,
    JobResult.DEPENDENCY,
    JobResult.SKIPPED,
    JobResult.TIMEOUT,
    JobResult.FAILED,
)


class Refused(Enum):
    """StartTransientUnit's own errors."""

    EXISTS = auto()
    DESTRUCTIVE = auto()  # the transaction would undo the node's shutdown (F60)


@dataclass(slots=True, eq=False)
class Job:
    done: SimLatch
    result: JobResult = JobResult.DONE

    def finish(self, result: JobResult) -> None:
        if not self.done.is_open:
            self.result = result
            self.done.open()


@dataclass(slots=True, eq=False)
class Unit:
    definition: UnitDefinition
    invocation: InvocationId
    job: Job
    reaped: SimLatch  # its main process's end is known
    loaded_at: float  # s of virtual time
    activity: Activity = Activity.STARTING
    control: KernelProcess | None = None
    main: KernelProcess | None = None
    code: MainCode = MainCode.NONE
    status: int = 0
    exited_at_us: int = 0
    refs: dict[str, None] = field(default_factory=dict)
    going_down: SimLatch | None = None

    @property
    def name(self) -> UnitName:
        return self.definition.name

    @property
    def cgroup(self) -> str:
        return f"/{self.definition.properties['Slice']}/{self.name}"

    @property
    def is_clean(self) -> bool:
        """0 and death by TERM, HUP, INT, PIPE leave `active (exited)` with RemainAfterExit."""
        if self.code is MainCode.EXITED:
            return self.status == 0
        return self.status in CLEAN_SIGNALS

    def seconds(self, name: str) -> float:
        value = self.definition.properties[name]
        return float(value) / US_PER_S if isinstance(value, int) else 0.0

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


class Listener(Protocol):
    """A connection on the bus that has subscribed to systemd's signals."""

    def changed(self, unit: UnitName) -> None: ...
    def go_off(self) -> None: ...
    def come_back(self) -> None: ...
    def systemd_returns(self) -> None: ...
