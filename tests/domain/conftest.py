"""A scene for each test, and an end to every scene that was played in it."""

from collections.abc import Iterator

import pytest

from tests.domain.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture(autouse=True)
def _curtain() -> Iterator[None]:
    yield
    while Scene.played:
        Scene.played.pop().end()
