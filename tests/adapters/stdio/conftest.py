"""What the tests at real FIFOs and terminals share."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.request import Stdio
from tests.adapters.stdio.players import Said, make_fifos
from tests.contracts.drive import Drive


@pytest.fixture
def drive() -> Iterator[Drive]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def stdio(tmp_path: Path) -> Stdio:
    return make_fifos(tmp_path)
