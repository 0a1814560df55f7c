"""Seeds and their mutants, by name."""

from hypothesis import given, settings
from hypothesis import strategies as st
from returns.result import Failure, Success

from sim.explore.plays import PlayName, Plays, again, play_name
from sim.run import run

numbers = st.integers(0, 2**32)
names = st.builds(PlayName, numbers, st.lists(numbers, max_size=3).map(tuple))


@given(names)
def test_a_name_reads_as_it_was_written(name: PlayName) -> None:
    assert play_name(str(name)) == Success(name)


@given(st.sampled_from(["", "~3", "17~", "-1", "1~x", "seed"]))
def test_what_is_no_name_is_refused_with_a_sentence(text: str) -> None:
    match play_name(text):
        case Failure(why):
            assert repr(text) in why
        case other:
            raise AssertionError(other)


@settings(max_examples=20)
@given(names)
def test_a_mutant_replays_exactly(name: PlayName) -> None:
    report = Plays().report(name)
    assert Plays().report(name).digest == report.digest
    assert again(Plays().recording(name)).digest == report.digest


@settings(max_examples=20)
@given(numbers)
def test_the_name_of_a_seed_plays_the_seed(seed: int) -> None:
    plays = Plays()
    assert plays.report(PlayName(seed)).digest == run(seed).digest
    assert again(plays.recording(PlayName(seed))).digest == run(seed).digest


def test_mutants_of_one_seed_differ_and_keep_most_of_what_it_drew() -> None:
    plays = Plays()
    parent = plays.recording(PlayName(17))
    children = [plays.recording(PlayName(17).mutated_by(number)) for number in range(10)]
    assert len({str(child.draws) for child in children}) == len(children)
    kept = [
        sum(child.draws.get(who, ())[:1] == drawn[:1] for who, drawn in parent.draws.items())
        for child in children
    ]
    assert max(kept) > len(parent.draws) * 0.8
