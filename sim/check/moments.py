"""Virtual time while everything is tried: when a step happens, and what of that a state keeps.

Every step has a moment of its own, so that before and after are as certain as in life. Which
moment it was must not keep two states apart: of the past the order counts and whether the clock
has jumped since, of the future how far it is away. A clock of the checker begins far from zero,
so that a number tells by itself whether it is a point in time or a length of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

from sim.world.world import EPOCH_S, NS_PER_S

# Within half a day, which is as far as the invariants look (outcome.DAY_S).
BEGIN_S: Final = 20_000.0
# One step. Far above what systemd rounds off (1 us) and what a float of nanoseconds does.
STEP_S: Final = 5e-6
# Timers go off on this grid: what the steps before took is no reason for another order. So
# between two jumps of the clock there may be a thousand steps, and no timer shorter than this.
GRID_S: Final = 0.01
# Nobody asks how much longer ago something was: 100 s.
LONG_AGO: Final = 10_000
NS_PER_US: Final = 1_000
LATEST_S: Final = BEGIN_S * 2


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, to be replaced by its place among all others of its state."""

    step: int


def grid(at_s: float) -> int:
    """The nearest line of the grid."""
    return round(at_s / GRID_S)


def of_float(value: float, now_s: float) -> Moment | tuple[str, int] | float:
    """What a state keeps of a float: seconds, of which the last few digits say nothing."""
    if not isfinite(value) or not BEGIN_S <= value < LATEST_S:
        return round(value, 2)
    if value > now_s + GRID_S / 2:
        return ("in", grid(value) - grid(now_s))
    return Moment(_step(value - BEGIN_S))


def ago(moment: Moment, now_s: float) -> int:
    """How many lines of the grid it is past: some invariants ask how late something comes."""
    return min(grid(now_s) - grid(BEGIN_S + moment.step * STEP_S), LONG_AGO)


def of_int(value: int) -> Moment | int:
    """What a state keeps of an integer: wall clocks are large ones, in nano- or microseconds."""
    for unit in (NS_PER_S, NS_PER_S // NS_PER_US):
        if 0 <= value - int(EPOCH_S + BEGIN_S) * unit < int(BEGIN_S) * unit:
            return Moment(_step(value / unit - EPOCH_S - BEGIN_S))
    return value


def _step(since_s: float) -> int:
    return round(since_s / STEP_S)


def places(steps: Iterable[int]) -> Mapping[int, int]:
    """Each moment's place in the order of all."""
    return {step: place for place, step in enumerate(sorted(set(steps)))}
