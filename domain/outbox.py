"""The order in which a container's events leave, held as data.

Events are news of the past, so they are never refused and never lost here: one that would
come too early is held until what it follows has left. The order (task-api.md, section 5):

* create before everything, delete after everything, nothing after delete (S4);
* a process's exit after its start (S2), or after it is certain that no start will be told;
* with a private pid namespace the exits of started execs before the init's (S3), which
  waits for them only until `stop_waiting_for_execs` (F01: never without bound).
"""

from dataclasses import dataclass, field

from domain.event import (
    ExecStarted,
    TaskCreated,
    TaskDeleted,
    TaskEvent,
    TaskExited,
    TaskStarted,
)
from domain.identity import ProcessKey


@dataclass(slots=True)
class Outbox:
    """Decides what may leave; the caller takes `ready` and sends it in that order."""

    init: ProcessKey
    execs_first: bool
    ready: list[TaskEvent] = field(default_factory=list)
    _held: list[TaskEvent] = field(default_factory=list)
    _created: bool = False
    _deleted: bool = False
    _starting: set[ProcessKey] = field(default_factory=set)
    _running_execs: set[ProcessKey] = field(default_factory=set)

    def start_claimed(self, process: ProcessKey) -> None:
        """A start is in flight: this process's exit waits for its outcome."""
        self._starting.add(process)
        if process.exec_id is not None:
            self._running_execs.add(process)

    def start_failed(self, process: ProcessKey) -> None:
        """No start will be told, so nothing waits for one."""
        self._starting.discard(process)
        self._running_execs.discard(process)
        self._release()

    def stop_waiting_for_execs(self) -> None:
        """The init's exit leaves now, whatever its execs do."""
        self._running_execs.clear()
        self._release()

    @property
    def waits_for_execs(self) -> bool:
        """The init's exit is here and held back by execs alone."""
        held_by_execs = self.execs_first and self._running_execs
        held_otherwise = not self._created or self.init in self._starting
        return bool(held_by_execs and not held_otherwise) and any(
            isinstance(event, TaskExited) and event.process == self.init for event in self._held
        )

    def put(self, event: TaskEvent) -> None:
        """Takes an event in; it leaves at once or when its time has come."""
        self._held.append(event)
        self._release()

    def already_told(self, event: TaskEvent) -> None:
        """After a restart: this one has left already, in another incarnation."""
        self._note(event)
        self._release()

    def _release(self) -> None:
        moved = True
        while moved:
            moved = False
            for event in self._held:
                if self._deleted or self._must_wait(event):
                    continue
                self._held.remove(event)
                self._note(event)
                self.ready.append(event)
                moved = True
                break

    def _must_wait(self, event: TaskEvent) -> bool:
        match event:
            case TaskCreated():
                return False
            case TaskExited(process=process):
                if process == self.init and self.execs_first and self._running_execs:
                    return True
                return not self._created or process in self._starting
            case TaskDeleted():
                return not self._created or self._held[0] is not event
            case _:
                return not self._created

    def _note(self, event: TaskEvent) -> None:
        match event:
            case TaskCreated():
                self._created = True
            case TaskStarted():
                self._starting.discard(self.init)
            case ExecStarted(process=process):
                self._starting.discard(process)
                self._running_execs.add(process)
            case TaskExited(process=process):
                self._running_execs.discard(process)
            case TaskDeleted():
                self._deleted = True
            case _:
                pass
