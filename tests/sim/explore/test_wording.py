"""Invariants in words."""

from pathlib import Path

from sim.explore.wording import AT_ANY_MOMENT, AT_THE_END, described, sentence
from sim.invariants import INVARIANTS
from sim.liveness import l2_nobody_waits_for_ever
from sim.order import s5_exit_truth, s8_time_sanity

ROOT = Path(__file__).parents[3]


def test_all_of_them_are_described_each_at_its_place() -> None:
    found = list(described())
    assert [each.invariant for each in found] == [invariant for invariant, _ in INVARIANTS]
    for each, (_, holds) in zip(found, INVARIANTS, strict=True):
        file, line = each.where.split(":")
        assert f"def {holds.__name__}(" in (ROOT / file).read_text().splitlines()[int(line) - 1]


def test_liveness_is_judged_at_the_end_and_safety_at_any_moment() -> None:
    when = {each.invariant: each.when for each in described()}
    assert when["L1"] == AT_THE_END
    assert when["S5"] == AT_ANY_MOMENT


def test_a_sentence_begins_with_the_name() -> None:
    assert sentence(s8_time_sanity).startswith("time sanity. An exit lies between ")
    assert sentence(s5_exit_truth).startswith("exit truth. ")
    assert sentence(l2_nobody_waits_for_ever).startswith("nobody waits for ever")
