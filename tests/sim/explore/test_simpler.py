"""Recordings with less in them."""

from dataclasses import replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.explore.plays import PlayName, Plays, again
from sim.explore.simpler import (
    Place,
    crashes,
    drawing,
    in_place_of_the_first,
    lives,
    of_fault,
    places,
    plain,
    without_streams,
    without_turns,
)
from sim.faults import CATALOGUE
from sim.recording import PLAINEST, Recording

SMALL = Recording(
    1,
    {
        "life of default/c0": (0.5, 0.0),
        "life of other/c1": (0.0, 0.7),
        "F90 unit start fails after in start other/c1 #2": (0.9,),
        "F90 unit start fails after": (0.8,),
        "crash before job io-containerd-systemd-other-c1-init.service": (0.99,),
        "setup": (0.0,),
    },
    ("life of other/c1", "life of default/c0"),
)


def test_a_plain_recording_plays_the_same_world() -> None:
    for seed in range(5):
        recording = Plays().recording(PlayName(seed))
        assert again(plain(recording)).digest == again(recording).digest
        assert len(places(plain(recording))) == len(places(recording))


def test_what_is_drawn_elsewhere_stays() -> None:
    moved = drawing(SMALL, {Place("setup", 2): 0.3, Place("life of default/c0", 0): 0.0})
    assert moved.draws["setup"] == (0.0, 0.0, 0.3)
    assert "life of default/c0" not in moved.draws
    assert moved.draws["life of other/c1"] == (0.0, 0.7)


def test_a_fault_a_crash_and_a_life_are_found_by_name() -> None:
    (fault,) = [each for each in CATALOGUE if each.number == "F90" and each.name in SMALL.draws]
    assert len(of_fault(SMALL, fault)) == 2
    assert len(crashes(SMALL)) == 1
    assert lives(SMALL) == ["life of default/c0", "life of other/c1"]
    assert not without_streams(SMALL, list(SMALL.draws)).draws


def test_a_life_changes_place_with_the_first_in_every_name() -> None:
    moved = in_place_of_the_first(SMALL, "other/c1")
    assert moved.turns == ("life of default/c0", "life of other/c1")
    assert moved.draws["life of default/c0"] == (0.0, 0.7)
    assert "crash before job io-containerd-systemd-default-c0-init.service" in moved.draws
    assert in_place_of_the_first(moved, "other/c1") == SMALL


def test_turns_are_left_out_by_their_place() -> None:
    assert without_turns(SMALL, [0]).turns == ("life of default/c0",)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.data())
def test_no_plainer_world_breaks_an_invariant_by_itself(seed: int, data: st.DataObject) -> None:
    """Else what is shrunk could slip from a bug to something that is none."""
    recording = Plays().recording(PlayName(seed))
    share = data.draw(st.sampled_from((0.02, 0.3, 0.7, 0.95)))
    keep = Random(seed)
    out = [who for who in recording.draws if keep.random() < share]
    zeros = [place for place in places(recording) if keep.random() < share]
    for less in (
        without_streams(recording, out),
        replace(without_streams(recording, out), turns=()),
        drawing(recording, dict.fromkeys(zeros, PLAINEST)),
    ):
        assert not again(less).violations
