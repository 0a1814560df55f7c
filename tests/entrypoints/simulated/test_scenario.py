"""Which faults a person has asked for."""

import pytest

from domain.outcome import failed
from entrypoints.simulated.choices import OwnRows
from entrypoints.simulated.scenario import Scenario, chosen_faults, switch_on
from sim.faults import CATALOGUE, Faults


def test_words_for_none_all_and_some() -> None:
    assert chosen_faults("none").unwrap() == ()
    assert chosen_faults("all").unwrap() == CATALOGUE
    assert chosen_faults("some").unwrap() is None


def test_a_number_means_every_line_of_it_and_may_have_a_rate() -> None:
    chosen = chosen_faults("F94, F58=1").unwrap()
    assert chosen is not None
    assert {fault.number for fault in chosen} == {"F94", "F58"}
    assert len(chosen) == sum(fault.number in {"F94", "F58"} for fault in CATALOGUE)
    assert {fault.rate for fault in chosen if fault.number == "F58"} == {1.0}
    assert {fault.rate for fault in chosen if fault.number == "F94"} == {0.1}


@pytest.mark.parametrize("text", ["F0", "94", "F94,", "everything", "F94=2", "F94=x", "F94=nan"])
def test_what_is_no_fault_is_refused_with_those_there_are(text: str) -> None:
    refused = chosen_faults(text)
    assert failed(refused)
    assert "F94" in refused.failure()


def test_some_faults_are_the_seeds_own() -> None:
    drawn = set()
    for seed in range(8):
        faults = Faults(OwnRows(seed))
        switch_on(faults, Scenario(seed, None))
        drawn.add(tuple(name for active in faults.active.values() for name, _ in active))
    assert len(drawn) > 3
    faults = Faults(OwnRows(1))
    switch_on(faults, Scenario(1, CATALOGUE))
    assert sum(map(len, faults.active.values())) == len(CATALOGUE)
