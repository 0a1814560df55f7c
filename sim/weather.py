"""How mishaps are spread over a seed: mostly one here and one there, now and then all together.

Half a recovery does no harm until a second mishap comes: what a rule forgets to write down, or
takes back too late, shows when the next shim dies as well, or finds nothing on the disk.
"""

from dataclasses import dataclass
from typing import Final

from sim.choices import Choices
from sim.faults import At


@dataclass(frozen=True, slots=True)
class Weather:
    """How often the shim dies, how soon, and which faults come along."""

    crashes: tuple[int, ...]  # the shim dies one of so many times, at most
    # A death comes within about one of so many steps of the shim's own.
    within: tuple[int, ...]
    often: frozenset[At] = frozenset()  # whose faults are on nearly always

    @staticmethod
    def drawn(choices: Choices) -> "Weather":
        return STORM if choices.happens(STORMS) else FAIR


# Within: at its start, in the thick, late.
FAIR: Final = Weather(crashes=(0, 1, 2), within=(60, 400, 1_500))
STORM: Final = Weather(crashes=(10,), within=(80,), often=frozenset({At.FULL_DISK}))
STORMS: Final = 0.1
