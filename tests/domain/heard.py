"""Events as containerd has heard them, for a person to read."""

from domain.event import ExecAdded, ExecStarted, TaskEvent, TaskExited
from domain.identity import ContainerKey, ProcessKey


def process_of(event: TaskEvent) -> ProcessKey:
    """Whom it is about; the container's own events are about its init."""
    match event:
        case ExecAdded() | ExecStarted() | TaskExited():
            return event.process
        case _:
            return ProcessKey(event.owner)


def owner_of(event: TaskEvent) -> ContainerKey:
    return process_of(event).owner


def in_short(event: TaskEvent) -> str:
    """Its name, and the exec's id if it is about one."""
    name, exec_id = type(event).__name__, process_of(event).exec_id
    return name if exec_id is None else f"{name} {exec_id}"
