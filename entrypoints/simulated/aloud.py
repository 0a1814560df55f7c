"""The story of a world that has no end: told as it happens, and not kept."""

from collections.abc import Callable
from dataclasses import dataclass

from sim.world.story import Line, Story


@dataclass(slots=True)
class Aloud(Story):
    """Each line goes to `say`; None: to nobody."""

    say: Callable[[str], object] | None = None

    def tell(self, at_s: float, who: str, *parts: object) -> None:
        if self.say is not None:
            self.say(str(Line(at_s, who, parts)))
