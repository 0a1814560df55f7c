"""The whole small world, and how a port call passes through it."""

from dataclasses import dataclass, field
from typing import Final

from domain.exit_status import Timestamp
from sim.choices import Choices
from sim.faults import At, Does, Faults
from sim.scheduler import Scheduler, sleep
from sim.world.kernel import Freezer, Kernel
from sim.world.story import Story

NS_PER_S: Final = 1_000_000_000
# The virtual wall clock's start; any fixed day will do.
EPOCH_S: Final = 1_700_000_000
# An ordinary call takes up to so long; what matters is that the order among calls is drawn.
ORDINARY_S: Final = 0.01


@dataclass(slots=True)
class World:
    scheduler: Scheduler
    choices: Choices
    faults: Faults
    kernel: Kernel
    story: Story = field(default_factory=Story)

    @classmethod
    def from_seed(cls, seed: int) -> "World":
        choices = Choices(seed)
        scheduler = Scheduler(choices)
        kernel = Kernel(scheduler, choices.one_of((Freezer.V1, Freezer.V2)))
        return cls(scheduler, choices, Faults(choices), kernel)

    async def reach(self, at: At) -> Does | None:
        """A call on its way: takes its time, and learns what will become of it."""
        does = self.faults.verdict(at)
        await sleep(
            self.faults.lateness() if does is Does.LATE else self.choices.between(0.0, ORDINARY_S)
        )
        return does

    def wall(self) -> Timestamp:
        return Timestamp(int((EPOCH_S + self.scheduler.now) * NS_PER_S))

    def tell(self, who: str, what: str) -> None:
        self.story.tell(self.scheduler.now, who, what)
        self.choices.note(what)
