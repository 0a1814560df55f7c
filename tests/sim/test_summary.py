"""Many plays as one result."""

from sim.explore.plays import PlayName
from sim.run import run
from sim.summary import Summary, in_order


def test_the_summaries_of_two_halves_add_up_to_the_whole() -> None:
    reports = [run(seed) for seed in range(40)]
    whole, first, second = Summary(), Summary(), Summary()
    for report in reports:
        whole.add(report)
    for report in reports[:20]:
        first.add(report)
    for report in reports[20:]:
        second.add(report)
    first.merge(second)
    assert first == whole
    assert whole.seeds == len(reports)
    assert whole.lives == sum(report.lives for report in reports)


def test_a_mutant_is_no_seed() -> None:
    summary = Summary()
    summary.add(run(1), PlayName(1, (2,)))
    assert (summary.seeds, summary.mutants) == (0, 1)


def test_numbers_come_in_their_order() -> None:
    assert in_order({"F100": 1, "F9": 1, "F11": 1}) == ["F9", "F11", "F100"]
