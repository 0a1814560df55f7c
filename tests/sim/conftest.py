"""What tests of the simulator have in common: a place where bugs are planted for one test."""

import pytest

from tests.sim.planting import Garden


@pytest.fixture
def garden(monkeypatch: pytest.MonkeyPatch) -> Garden:
    return Garden(monkeypatch)
