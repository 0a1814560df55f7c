"""A story without its repetitions: a client that asks every five seconds says the same a hundred
times."""

from collections.abc import Sequence
from typing import Final

from sim.world.story import Line

# So many lines in a row are looked at for whether they are said again at once.
PERIOD_MAX: Final = 4
# Twice is no repetition yet.
TIMES_MIN: Final = 3


def folded(lines: Sequence[Line]) -> list[str]:
    """Each step a line, and one more for what goes on like that."""
    said = [(line.who, line.what) for line in lines]
    steps: list[str] = []
    at = 0
    while at < len(lines):
        period, times = _repetition(said, at)
        steps += map(str, lines[at : at + period])
        at += period * times
        if times > 1:
            steps.append(f"{lines[at - 1].at_s:9.3f} s  {'…':<10}  the same, {times} times in all")
    return steps


def _repetition(said: Sequence[object], at: int) -> tuple[int, int]:
    """How many lines from here are said how often, one time after the other."""
    for period in range(1, PERIOD_MAX + 1):
        block = said[at : at + period]
        times = 1
        while said[at + times * period : at + (times + 1) * period] == block:
            times += 1
        if times >= TIMES_MIN:
            return period, times
    return 1, 1
