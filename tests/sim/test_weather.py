"""How mishaps are spread: in a storm they come together."""

from typing import Final

import pytest

from sim.choices import Choices
from sim.faults import CATALOGUE, At, Faults
from sim.run import run
from sim.weather import FAIR, STORM, Weather

SEEDS: Final = range(400)
TWICE: Final = 2


def test_most_seeds_are_fair_and_some_are_storms() -> None:
    drawn = [Weather.drawn(Choices(seed)) for seed in SEEDS]
    assert len(SEEDS) / 20 < drawn.count(STORM) < len(SEEDS) / 5
    assert drawn.count(FAIR) + drawn.count(STORM) == len(SEEDS)


@pytest.mark.parametrize("today", [FAIR, STORM], ids=["fair", "storm"])
def test_in_a_storm_the_shim_dies_again_and_again_and_else_at_most_twice(
    monkeypatch: pytest.MonkeyPatch, today: Weather
) -> None:
    monkeypatch.setattr(Weather, "drawn", lambda _: today)
    most = max(run(seed).crashes for seed in SEEDS[:50])
    assert (most > TWICE) == (today is STORM)


def test_in_a_storm_the_disk_is_nearly_always_full_for_a_time() -> None:
    """Not always: whoever shrinks a story tries it without."""
    full = 0
    for seed in SEEDS:
        faults = Faults(Choices(seed))
        faults.draw_some(CATALOGUE, STORM.often)
        full += At.FULL_DISK in faults.active
    assert 0.8 * len(SEEDS) < full < len(SEEDS)
