"""What is played next: every seed once, and mutants of plays that reached something new."""

from collections import deque
from functools import cache
from itertools import islice

import pytest

from sim.explore.coverage import CRASH, Reached
from sim.explore.plays import PlayName
from sim.explore.search import Batch, Search, play_batch
from sim.faults import CATALOGUE
from sim.summary import Summary

BATCH, AHEAD = 5, 4
SEEDS = BATCH * (AHEAD + 8)


@cache
def played(ahead: int) -> tuple[list[PlayName], Search]:
    search = Search(100, SEEDS, CATALOGUE, batch=BATCH, ahead=AHEAD)
    batches = search.batches()
    flying: deque[Batch] = deque()
    names: list[PlayName] = []
    while True:
        flying += islice(batches, ahead - len(flying))
        if not flying:
            return names, search
        batch = flying.popleft()
        names += batch.names
        search.learn(play_batch(batch))


def test_what_is_played_does_not_depend_on_how_much_is_under_way() -> None:
    names, search = played(1)
    others, other = played(AHEAD)
    assert names == others
    assert search.summary == other.summary
    assert [name.seed for name in names if not name.mutations] == [*range(100, 100 + SEEDS)]
    mutants = [name for name in names if name.mutations]
    assert len(set(mutants)) == len(mutants) == search.summary.mutants > 0


def test_parents_are_plays_that_reached_something_first() -> None:
    names, search = played(1)
    worth = set(search.summary.reached.values())
    assert {name.parent for name in names if name.mutations} <= worth


def test_without_mutants_seeds_alone_are_played() -> None:
    search = Search(0, SEEDS, CATALOGUE, mutants=0.0, batch=BATCH, ahead=AHEAD)
    reached = {Reached("running", CRASH, "kill"): PlayName(0)}
    for batch in search.batches():
        search.learn(Summary(reached=reached))
        assert not any(name.mutations for name in batch.names)


def test_whoever_runs_too_far_ahead_is_told() -> None:
    batches = Search(0, SEEDS, CATALOGUE, batch=BATCH, ahead=AHEAD).batches()
    assert len(list(islice(batches, AHEAD))) == AHEAD
    with pytest.raises(LookupError):
        next(batches)
