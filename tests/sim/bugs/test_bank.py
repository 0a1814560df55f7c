"""The bug bank: every old mistake that is made again is found, and taken back without a trace."""

import sys
from typing import Any, Final

import pytest

from domain.use_cases import exits
from sim.bugs.bank import BANK, named
from sim.bugs.bug import RULES, At, Bug, InPlaceOf, planted
from sim.bugs.hunt import hunt, hunts
from sim.run import run

# A draw more or less somewhere moves every seed, so this is several times what is needed.
SEEDS: Final = 3_000
NAMES: Final = [bug.name for bug in BANK]
# Found after hundreds of seeds: `shimctl sim bugs` goes after these, too, and takes its time.
RARE: Final = frozenset(
    {
        "delete-ends-nobody",
        "exit-not-written-down",
        "exit-waits-for-the-reader",
        "init-waits-for-execs-for-ever",
        "killed-reaper-leaves-its-program",
        "late-exec-is-not-swept",
        "nobody-goes-on-with-a-deleted-exec",
        "others-live-on-without-their-init",
        "pid-reuse-kills-a-stranger",
        "reconnect-without-a-look",
        "root-stays-mounted",
        "saves-overtake-each-other",
        "start-job-is-not-waited-for",
        "two-exits",
    }
)
FREQUENT: Final = [bug for bug in BANK if bug.name not in RARE]

bugs = pytest.mark.parametrize("bug", BANK, ids=NAMES)


def _rules() -> dict[tuple[str, str], object]:
    """Whatever any module of the rules and of their world holds, and whatever its classes do."""
    held: dict[tuple[str, str], object] = {}
    for name, module in list(sys.modules.items()):
        if not name.startswith(RULES):
            continue
        for key, value in list(vars(module).items()):
            held[name, key] = value
            if isinstance(value, type) and value.__module__ == name:
                held |= {(f"{name}.{key}", part): own for part, own in vars(value).items()}
    return held


def test_what_is_rare_is_of_the_bank() -> None:
    assert set(NAMES) > RARE


@pytest.mark.parametrize("bug", FREQUENT, ids=[bug.name for bug in FREQUENT])
def test_a_bug_is_found(bug: Bug) -> None:
    found = hunt(bug, range(SEEDS))
    assert found.is_found
    assert found.invariants
    assert found.story > 0


@bugs
def test_a_bug_is_gone_when_its_time_is_over(bug: Bug) -> None:
    before = _rules()
    with planted(bug):
        assert _rules() != before
    assert _rules() == before


def test_a_bug_is_gone_even_if_a_seed_raises() -> None:
    before = _rules()
    with pytest.raises(ZeroDivisionError), planted(BANK[0]):
        raise ZeroDivisionError
    assert _rules() == before


def test_after_all_bugs_the_honest_rules_play_as_before() -> None:
    before = [run(seed).digest for seed in range(5)]
    for bug in BANK:
        with planted(bug):
            pass
    assert [run(seed).digest for seed in range(5)] == before
    assert [run(seed).violations for seed in range(5)] == [()] * 5


def test_the_bank_holds_at_least_thirty_six_bugs_of_different_names() -> None:
    assert len(BANK) == len(set(NAMES))
    assert len(BANK) >= 36


@bugs
def test_every_bug_says_what_it_does_and_where_it_comes_from(bug: Bug) -> None:
    assert bug.source[0] in "DFH"
    assert bug.source[1:].isdigit()
    assert len(bug.wrong.split()) > 3
    assert bug.name == bug.name.lower()
    assert " " not in bug.name


def test_a_bug_can_be_asked_for_by_its_name() -> None:
    assert [named(name) for name in NAMES] == list(BANK)
    assert named("no such bug") is None


def test_a_rule_that_is_used_nowhere_cannot_be_replaced() -> None:
    def unused() -> None: ...

    bug = Bug("unused", "it replaces what nobody calls", "F00", (InPlaceOf(unused, unused),))
    with pytest.raises(LookupError), planted(bug):
        pass


def test_a_place_that_is_not_there_cannot_be_taken() -> None:
    bug = Bug("nowhere", "it stands where nothing was", "F00", (At(object(), "rule", None),))
    with pytest.raises((LookupError, TypeError)), planted(bug):
        pass


def test_a_hunt_ends_when_its_time_is_up() -> None:
    harmless = Bug("harmless", "nothing at all is wrong", "F00", (At(*_unchanged()),))
    ticks = iter(range(100))
    given_up = hunt(harmless, range(1_000), lambda: float(next(ticks)), within_s=3.0)
    assert (given_up.is_found, given_up.played, given_up.took_s) == (False, 3, 4.0)


def test_a_hunt_without_a_catch_plays_every_seed_that_it_is_given() -> None:
    harmless = Bug("harmless", "nothing at all is wrong", "F00", (At(*_unchanged()),))
    empty = hunt(harmless, range(5))
    assert (empty.seed, empty.played, empty.invariants) == (None, 5, ())


def test_hunts_go_through_the_same_seeds_for_each_bug() -> None:
    some = FREQUENT[1:4]
    found = list(hunts(some, range(SEEDS), lambda: 0.0))
    assert [each.bug for each in found] == list(some)
    assert [each.seed for each in found] == [hunt(bug, range(SEEDS)).seed for bug in some]
    assert all(each.played == (each.seed or 0) + 1 for each in found)


def _unchanged() -> tuple[Any, str, object]:
    return exits, "SIGKILL", exits.SIGKILL
