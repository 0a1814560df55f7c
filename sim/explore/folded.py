"""A story without its repetitions: a client that asks every five seconds says the same a hundred
times."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sim.world.story import Line

# So many lines in a row are looked at for whether they are said again at once.
PERIOD_MAX: Final = 4
# Twice is no repetition yet.
TIMES_MIN: Final = 3


class Block(NamedTuple):
    """Lines from `begin` to `end` that are said `times` times, one after the other, from there."""

    begin: int
    end: int
    times: int

    @property
    def last(self) -> int:
        return self.begin + (self.end - self.begin) * self.times - 1


def folded(lines: Sequence[Line]) -> list[str]:
    """Each step a line, and one more for what goes on like that."""
    steps: list[str] = []
    for block in _blocks(lines):
        steps += map(str, lines[block.begin : block.end])
        if block.times > 1:
            until_s = lines[block.last].at_s
            steps.append(f"{until_s:9.3f} s  {'…':<10}  the same, {block.times} times in all")
    return steps


def steps(lines: Sequence[Line]) -> int:
    """How many lines that makes; they need not be worded for it."""
    return sum(block.end - block.begin + (block.times > 1) for block in _blocks(lines))


def _blocks(lines: Sequence[Line]) -> Iterator[Block]:
    said = [(line.who, line.parts) for line in lines]
    at = 0
    while at < len(said):
        block = _block(said, at)
        yield block
        at = block.last + 1


def _block(said: Sequence[object], at: int) -> Block:
    for period in range(1, PERIOD_MAX + 1):
        once = said[at : at + period]
        times = 1
        while said[at + times * period : at + (times + 1) * period] == once:
            times += 1
        if times >= TIMES_MIN:
            return Block(at, at + period, times)
    return Block(at, at + 1, 1)
