"""The decisions that make one path of a scope, so that the same ones lead there again.

A coroutine cannot be copied, so a path is its list of decisions: the first ones are given, and
after them the first option is taken each time. What is tried out next is the last decision
that has an option left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sim.choices import Choices

PLAINEST: Final = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """`option` is the place of the one taken among `count`; `what` is asked only for a story."""

    option: int
    count: int
    what: Callable[[], str]

    @property
    def is_last(self) -> bool:
        return self.option + 1 == self.count


class Decisions(Choices):
    """All that a path decides. Everything else that a world draws is the plainest: 0."""

    def __init__(self, given: tuple[int, ...]) -> None:
        super().__init__(0)
        self.draw = self.toss = lambda: PLAINEST
        self.made: list[Decision] = []
        self._given = given

    @property
    def is_new(self) -> bool:
        """Whether all that was given is done, and the path goes where none has been."""
        return len(self.made) >= len(self._given)

    def decide(self, count: int, what: Callable[[int], str]) -> int:
        """One of `count` options; `what` says in words what an option is."""
        option = 0 if self.is_new else self._given[len(self.made)]
        if option >= count:
            raise AssertionError("the same decisions have led elsewhere: a rule is not repeatable")
        self.made.append(Decision(option, count, lambda: what(option)))
        return option

    def goes_on(self, who: str) -> None:
        """Nobody draws, so nobody's name is kept."""

    def note(self, fact: object) -> None:
        """Paths are compared by their states."""


def following(made: list[Decision]) -> tuple[int, ...] | None:
    """The decisions of the next path, depth first; None: there is none."""
    for at in range(len(made) - 1, -1, -1):
        if not made[at].is_last:
            return (*(each.option for each in made[:at]), made[at].option + 1)
    return None
