"""What a run has reached, as tuples of phase, fault and operation."""

import pytest

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.lifecycle import Phase
from sim.explore.coverage import CRASH, Reached, missed, never_fired, read_name
from sim.faults import CATALOGUE
from sim.run import Report, run

WEB = ContainerKey(Namespace("default"), ContainerId("web"))
SEEDS = 300


@pytest.fixture(scope="module")
def reports() -> list[Report]:
    return [run(seed) for seed in range(SEEDS)]


@pytest.mark.parametrize(
    ("name", "operation", "about"),
    [
        ("start default/web/probe #2", "start", ProcessKey(WEB, ExecId("probe"))),
        ("clean up default/web", "clean up", ProcessKey(WEB)),
        ("tell: default/web", "tell", ProcessKey(WEB)),
        ("shim 2 boots", "boots", None),
        ("job default-web.service #3", "job", None),
        ("resync", "resync", None),
    ],
)
def test_a_name_says_what_is_done_and_about_whom(
    name: str, operation: str, about: ProcessKey | None
) -> None:
    assert read_name(name) == (operation, about)


def test_every_fault_that_fires_is_reached_in_some_operation(reports: list[Report]) -> None:
    for report in reports:
        numbers = {each.fault.split()[0] for each in report.reached if each.fault != CRASH}
        assert numbers == set(report.fired)


def test_a_crash_is_reached_in_the_operation_that_it_ends(reports: list[Report]) -> None:
    crashed = {each for report in reports for each in report.reached if each.fault == CRASH}
    assert {"create", "start", "delete"} <= {each.operation for each in crashed}
    for report in reports:
        assert report.crashes >= sum(each.fault == CRASH for each in report.reached)


def test_the_phases_are_those_of_the_very_process(reports: list[Report]) -> None:
    reached = {each for report in reports for each in report.reached}
    starts = {each.phase for each in reached if each.operation == "start"}
    assert Phase.STARTING.value in starts
    assert f"{Phase.STARTING.value} (exec)" in starts
    assert Phase.PAUSED.value not in starts


def test_what_is_reached_reads_as_a_sentence() -> None:
    fault = CATALOGUE[0].name
    assert str(Reached("created", fault, "kill")) == f"{fault} in kill, created"


def test_missed_is_what_each_half_of_was_reached() -> None:
    reached = {Reached(phase, fault, "kill") for phase, fault in (("a", "x"), ("b", "y"))}
    reached |= {Reached("c", "x", "start")}
    assert missed(reached) == [Reached("b", "x", "kill"), Reached("a", "y", "kill")]


def test_a_fault_that_hit_nobody_is_named() -> None:
    first, *others = CATALOGUE
    reached = {Reached("created", fault.name, "kill") for fault in others}
    assert never_fired(reached, CATALOGUE) == [first.name]
