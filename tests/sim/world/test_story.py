"""What a story holds: in short always, in detail for whoever asks, at no cost to the seed."""

import pickle
from typing import Final

import pytest

from sim.run import Report, run
from sim.world.story import LANES, DetailedStory, Kind

# With crashes, faults on the shim's own calls and faults on what systemd does by itself.
SEEDS: Final = range(30)


@pytest.fixture(scope="module")
def detailed() -> tuple[Report, ...]:
    return tuple(run(seed, story=DetailedStory()) for seed in SEEDS)


def test_a_close_look_changes_no_draw(detailed: tuple[Report, ...]) -> None:
    for report in detailed:
        plain = run(report.seed)
        assert (report.digest, report.steps) == (plain.digest, plain.steps)


def test_the_short_story_is_in_the_detailed_one_line_by_line(
    detailed: tuple[Report, ...],
) -> None:
    for report in detailed:
        said = [str(line) for line in report.story.lines if line.kind is Kind.SAID]
        assert said == [str(line) for line in run(report.seed).story.lines]
        assert len(report.story.lines) > len(said)


def test_every_lane_has_something_to_tell(detailed: tuple[Report, ...]) -> None:
    assert {line.lane for report in detailed for line in report.story.lines} == set(LANES)


def test_every_fault_that_fires_is_told_once_beside_the_answers_it_spoilt(
    detailed: tuple[Report, ...],
) -> None:
    for report in detailed:
        told: dict[str, int] = {}
        for line in report.story.lines:
            if line.fault is not None and line.kind is not Kind.ANSWER:
                told[line.fault.number] = told.get(line.fault.number, 0) + 1
        assert told == report.fired
    assert any(report.fired for report in detailed)


def test_an_answer_names_its_call_and_shares_its_fault(detailed: tuple[Report, ...]) -> None:
    for report in detailed:
        lines = report.story.lines
        calls = [line.call for line in lines if line.call is not None]
        assert len(calls) == len(set(calls))
        for line in lines:
            if line.call is not None:
                asked = lines[line.call]
                assert (asked.kind, asked.lane) == (Kind.CALL, line.lane)
                assert asked.at_s <= line.at_s
                assert asked.fault == line.fault


def test_time_in_a_story_only_goes_forward(detailed: tuple[Report, ...]) -> None:
    for report in detailed:
        times = [line.at_s for line in report.story.lines]
        assert times == sorted(times)


def test_a_detailed_story_can_be_sent_to_another_process(detailed: tuple[Report, ...]) -> None:
    for report in detailed:
        there = pickle.loads(pickle.dumps(report.story))  # noqa: S301 (our own bytes)
        assert str(there) == str(report.story)
