"""Recorded choices: played again they give the same world, and less of them a plainer one."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.recording import InOrder, Recorder, Recording, Replayer
from sim.run import Report, picked_by, play, run

seeds = st.integers(0, 2**32)


def recorded(seed: int) -> tuple[Report, Recording]:
    choices = Recorder(seed)
    return play(choices, choices.keeping(picked_by(choices))), choices.recording()


def again(recording: Recording) -> Report:
    return play(Replayer(recording), InOrder(recording.turns))


@settings(max_examples=25)
@given(seeds)
def test_recording_changes_nothing_and_what_is_recorded_plays_the_same_world(seed: int) -> None:
    report, recording = recorded(seed)
    assert report.digest == run(seed).digest
    assert again(recording).digest == report.digest


@settings(max_examples=25)
@given(seeds)
def test_without_any_draw_left_the_plainest_life_is_lived(seed: int) -> None:
    _, recording = recorded(seed)
    plain = again(replace(recording, draws={}, turns=()))
    assert (plain.lives, plain.crashes, plain.fired) == (1, 0, {})
    assert not plain.violations


@settings(max_examples=25)
@given(seeds, st.data())
def test_leaving_somebody_out_moves_no_draw_of_anybody_else(seed: int, data: st.DataObject) -> None:
    _, recording = recorded(seed)
    out = data.draw(st.sampled_from(sorted(recording.draws)))
    less = {who: drawn for who, drawn in recording.draws.items() if who != out}
    choices = Replayer(replace(recording, draws=less))
    play(choices, InOrder(recording.turns))
    for who, drawn in choices.recording().draws.items():
        known = less.get(who, ())
        common = min(len(known), len(drawn))
        assert drawn[:common] == known[:common]
        assert not any(drawn[common:])
