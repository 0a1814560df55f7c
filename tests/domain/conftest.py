"""A scene for each test, and an end to every scene that was played in it."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.domain.scene import Scene

# How long an example takes says something about the machine and its load, not about the rules.
settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def _curtain() -> Iterator[None]:
    yield
    while Scene.played:
        Scene.played.pop().end()
