"""A container and its processes, as the daemon has them in memory.

Everything here can be rebuilt from a record and systemd (use_cases/recover.py).
"""

from dataclasses import dataclass, field

from returns.result import Result

from domain import bundle_files
from domain.event import TaskCreated, TaskDeleted
from domain.exit_status import NEVER, UNKNOWN, Exit
from domain.identity import NO_PID, ContainerKey, ExecId, Pid, ProcessKey
from domain.lifecycle import Heard, Phase, after
from domain.outbox import Outbox
from domain.ports.concurrency import Latch, Work
from domain.ports.processes import Program
from domain.ports.runc import RuncTarget
from domain.record import ContainerRecord, ProcessRecord, Told
from domain.refusal import RecordFailed, RuncRefusal
from domain.request import Mount, RuntimeOptions, Stdio
from domain.unit import InvocationId, UnitRef
from domain.unit_name import UnitName


@dataclass(slots=True, eq=False)
class Process:
    """An init or an exec."""

    key: ProcessKey
    unit: UnitName
    stdio: Stdio
    ended: Latch  # open once its exit may be told, or it is deleted
    phase: Phase = Phase.CREATED
    # systemd was asked to start its unit: one of this name may be there from then on. Of a
    # deleted exec: and it was not let go since.
    unit_asked: bool = False
    invocation: InvocationId | None = None
    pid: Pid = NO_PID
    program: Program | None = None
    exit: Exit | None = None
    started: bool = False
    never_ran: bool = False
    # Of an exec: on disk. Before that only its id is taken (use_cases/add_exec.py).
    is_known: bool = True
    # What its terminal is to have as soon as it is there: columns and rows (use_cases/terminal.py).
    size: tuple[int, int] | None = None
    # Its client was done with stdin before it had begun (use_cases/terminal.py).
    stdin_ended: bool = False
    told: set[Told] = field(default_factory=set)
    # Somebody is writing its exit down; the first to come decides what it was (S1).
    ending: bool = False
    # A look at its unit is under way; another was asked for meanwhile.
    looking: bool = False
    look_again: bool = False
    # Of a deleted exec: open when the last try to take off what is left of it has ended, and
    # whether one succeeded (use_cases/departed.py).
    leaving: Latch | None = None
    has_left: bool = False
    # A hint came while its end was not to be judged yet (use_cases/exits.py).
    hinted: bool = False
    # Of an exec: open when the Delete that is under way has ended, either way.
    deletion: Latch | None = None

    def hear(self, heard: Heard) -> bool:
        """Moves on if the table says so; False when what was heard changes nothing."""
        phase = after(self.phase, heard)
        if phase is None:
            return False
        self.phase = phase
        self.started = self.started or heard is Heard.STARTED
        return True

    @property
    def settling(self) -> Latch | None:
        """Open when its exit, which is being written down, may be told; None: nobody does that."""
        return self.ended if self.ending and not self.ended.is_open else None

    @property
    def said_phase(self) -> Phase:
        """What a refusal says: it has ended, also while that is being written down."""
        return Phase.EXITED if self.ending else self.phase

    @property
    def owes_its_exit(self) -> bool:
        """It is news, and containerd has not acknowledged it."""
        return self.exit is not None and not self.never_ran and Told.EXITED not in self.told

    @property
    def ref(self) -> UnitRef:
        return UnitRef(self.unit, self.invocation)

    @property
    def is_starting(self) -> bool:
        return self.phase is Phase.STARTING

    @property
    def is_init(self) -> bool:
        return self.key.exec_id is None

    def record(self) -> ProcessRecord:
        return ProcessRecord(
            exec_id=self.key.exec_id,
            phase=self.phase,
            stdio=self.stdio,
            invocation=self.invocation,
            pid=self.pid,
            program=self.program,
            exit=self.exit,
            started=self.started,
            never_ran=self.never_ran,
            told=frozenset(self.told),
        )


@dataclass(slots=True, eq=False)
class Container:
    owner: ContainerKey
    life: int
    bundle: str
    rootfs: tuple[Mount, ...]
    checkpoint: str
    options: RuntimeOptions
    debug: bool
    publish_to: str
    slice: str
    cgroup: str
    private_pid_namespace: bool
    init: Process
    outbox: Outbox
    execs: dict[ExecId, Process] = field(default_factory=dict)
    # Ids of execs that are being added: taken, and in no record before their files are there.
    adding: dict[ExecId, None] = field(default_factory=dict)
    # Deleted execs whose exit containerd has not acknowledged, or of which something is left.
    departed: list[Process] = field(default_factory=list)
    created: bool = False
    deleted: bool = False
    # Made by a former daemon: what that had asked of systemd may come when nobody expects it.
    is_of_former: bool = False
    # Open when recovery knows how far the former daemon had come with it.
    recovery: Latch | None = None
    # As a record has it: what containerd was told, and what it is owed, is not in the outbox yet.
    is_recalled: bool = False
    # Open when the Delete that is under way has ended, either way.
    deletion: Latch | None = None
    # A former daemon had begun its Delete, and may have answered it: nothing else comes any more.
    was_let_go: bool = False
    # An earlier life of the same id that has not said its last word, and our own last word.
    former: Latch | None = None
    farewell: Latch | None = None
    # runc is about to forget the container, since its init has ended (use_cases/oci.py).
    forgetting: Work[Result[None, RuncRefusal]] | None = None
    # Open when the change of its freezer that is under way has ended (use_cases/freezer.py).
    freezing: Latch | None = None
    # A teller is at work (use_cases/tell.py).
    telling: bool = False
    # Changes asked to be kept, kept so far, and the save that runs (use_cases/keep.py).
    changes: int = 0
    kept: int = 0
    keeping: Latch | None = None
    keep_failure: RecordFailed | None = None
    # What the last save wrote; None if it failed, or there was none.
    saved: ContainerRecord | None = None
    forgotten: bool = False

    @property
    def is_going(self) -> bool:
        """Being deleted, or waiting until it can be."""
        return self.deletion is not None or self.was_let_go

    def processes(self) -> tuple[Process, ...]:
        return (self.init, *self.execs.values())

    def dismiss(self, process: Process) -> None:
        """A deleted exec is forgotten once nothing is left of it and nothing owed."""
        if process in self.departed and process.has_left and not process.owes_its_exit:
            self.departed.remove(process)

    def target(self) -> RuncTarget:
        return RuncTarget(
            owner=self.owner,
            binary=self.options.binary,
            root=bundle_files.runtime_root(self.options, self.owner.namespace),
            bundle=self.bundle,
            log=bundle_files.runtime_log(self.bundle, None),
            debug=self.debug,
        )

    def record(self) -> ContainerRecord:
        return ContainerRecord(
            owner=self.owner,
            life=self.life,
            bundle=self.bundle,
            rootfs=self.rootfs,
            checkpoint=self.checkpoint,
            options=self.options,
            debug=self.debug,
            publish_to=self.publish_to,
            slice=self.slice,
            cgroup=self.cgroup,
            private_pid_namespace=self.private_pid_namespace,
            init=self.init.record(),
            execs=tuple(process.record() for process in self.execs.values()),
            departed=tuple(process.record() for process in self.departed),
            created=self.created,
            deleting=self.is_going,
            deleted=self.deleted,
        )

    def created_event(self) -> TaskCreated:
        """The same whenever it is told: what is restored had no process when it was created."""
        return TaskCreated(
            owner=self.owner,
            bundle=self.bundle,
            rootfs=self.rootfs,
            stdio=self.init.stdio,
            checkpoint=self.checkpoint,
            pid=NO_PID if self.checkpoint else self.init.pid,
        )

    def deleted_event(self) -> TaskDeleted:
        return TaskDeleted(self.owner, self.init.pid, self.init.exit or Exit(UNKNOWN, NEVER))
