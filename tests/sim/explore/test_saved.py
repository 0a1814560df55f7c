"""A recording as a file."""

import pytest
from returns.result import Failure, Success

from sim.explore.plays import PlayName, Plays
from sim.explore.saved import from_json, to_json


def test_a_recording_reads_as_it_was_written() -> None:
    for seed in range(3):
        recording = Plays().recording(PlayName(seed))
        assert from_json(to_json(recording)) == Success(recording)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"seed": 1, "draws": [], "turns": []}',
        '{"seed": 1, "draws": {"setup": [1.0]}, "turns": []}',
        '{"seed": 1, "draws": {"setup": ["x"]}, "turns": []}',
    ],
)
def test_what_is_no_recording_is_refused(text: str) -> None:
    assert isinstance(from_json(text), Failure)
