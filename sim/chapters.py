"""containerd's news of one id, split into the containers that had it."""

from dataclasses import dataclass, field

from domain.event import TaskCreated, TaskDeleted, TaskEvent, TaskExited
from domain.exit_status import NEVER


@dataclass(slots=True)
class Chapters:
    """A new container begins after the former one's delete.

    What a former one's record says when no disk would let it go is no news (F116): its last word
    alone, or all of it.
    """

    told: list[list[TaskEvent]] = field(default_factory=list)
    again: list[TaskEvent] = field(default_factory=list)  # the former one that is told once more

    def hear(self, event: TaskEvent) -> None:
        if not self.told:
            self.told.append([event])
            return
        *former, current = self.told
        if isinstance(event, TaskCreated):
            if any(isinstance(each, TaskDeleted) for each in current):
                self.told.append([event])
                return
            same = [] if current[0] == event else [old for old in former if old[0] == event]
            self.again = same[0] if same else []
        if event not in self.again and not _is_a_former_ones(event, former, current):
            current.append(event)


def _is_a_former_ones(
    event: TaskEvent, former: list[list[TaskEvent]], current: list[TaskEvent]
) -> bool:
    if not isinstance(event, TaskDeleted) or not any(event in old for old in former):
        return False
    if event.exit.at == NEVER:
        return False  # of what was never restored: one is like the other
    return not any(isinstance(each, TaskExited) and each.exit == event.exit for each in current)
