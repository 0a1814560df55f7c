"""Draws that do not depend on who else draws."""

from hypothesis import given
from hypothesis import strategies as st

from entrypoints.simulated.choices import ROWS_MAX, ByRank, OwnRows
from sim.scheduler import Scheduler, sleep


def row(choices: OwnRows, by: str, count: int) -> list[float]:
    drawn = []
    for _ in range(count):
        choices.by = by
        drawn.append(choices.draw())
    return drawn


@given(st.integers(), st.lists(st.sampled_from(("others", "more")), max_size=20))
def test_what_others_draw_meanwhile_changes_no_row(seed: int, others: list[str]) -> None:
    alone = row(OwnRows(seed), "me", 3)
    beside = OwnRows(seed)
    mine = row(beside, "me", 1)
    for other in others:
        row(beside, other, 1)
    assert mine + row(beside, "me", 2) == alone
    assert all(0.0 <= value < 1.0 for value in alone)


def test_seeds_and_rows_differ_and_are_spread_evenly() -> None:
    values = row(OwnRows(1), "me", 2_000)
    assert row(OwnRows(2), "me", 1) != values[:1]
    assert row(OwnRows(1), "you", 1) != values[:1]
    assert 900 < sum(value < 0.5 for value in values) < 1_100


def test_a_name_tells_who_began_it_and_how_often() -> None:
    choices = OwnRows(1)
    names = []
    for by in ("one", "two", "one"):
        choices.by = by
        names.append(choices.name("look"))
    assert len(set(names)) == 3
    again = OwnRows(1)
    again.by = "two"
    assert again.name("look") == names[1]


def test_rows_of_long_ago_are_forgotten() -> None:
    choices = OwnRows(1)
    for number in range(ROWS_MAX + 10):
        row(choices, str(number), 1)
    assert len(choices._drawn) == ROWS_MAX


def test_who_goes_on_is_drawn_from_the_seed_and_every_order_is_possible() -> None:
    def order(seed: int) -> list[str]:
        choices = OwnRows(seed)
        scheduler = Scheduler(choices, ByRank(choices))
        told: list[str] = []

        async def tell(name: str) -> None:
            await sleep(0.0)
            told.append(name)

        for name in ("a", "b", "c"):
            scheduler.spawn(name, tell(name), "group")
        assert scheduler.run(100)
        return told

    assert all(order(seed) == order(seed) for seed in range(5))
    assert len({tuple(order(seed)) for seed in range(100)}) == 6
