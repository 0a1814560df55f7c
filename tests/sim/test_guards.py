"""The catalogue of faults and the list of invariants fit together."""

from sim.faults import CATALOGUE
from sim.guards import GUARDS
from sim.invariants import INVARIANTS


def test_every_fault_of_the_catalogue_is_guarded_and_nothing_else() -> None:
    assert set(GUARDS) == {fault.number for fault in CATALOGUE}


def test_whatever_guards_a_fault_is_an_invariant() -> None:
    known = {invariant for invariant, _ in INVARIANTS}
    for number, guards in GUARDS.items():
        assert guards, number
        assert set(guards) <= known, number


def test_no_two_faults_have_one_name() -> None:
    names = [fault.name for fault in CATALOGUE]
    assert len(set(names)) == len(names)
