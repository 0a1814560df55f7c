"""Whole seeds: they replay exactly, and no invariant breaks in any of them."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.use_cases import query
from sim import endless as endless_rule
from sim.faults import CATALOGUE
from sim.run import run
from sim.summary import Summary, replay

# What CI plays on each run; more by `shimctl sim run`.
SEEDS: Final = 1_000
ROOT: Final = Path(__file__).parents[2]

seeds = st.integers(SEEDS, 2**32)


@pytest.fixture(scope="module")
def summary() -> Summary:
    summary = Summary()
    for seed in range(SEEDS):
        summary.add(run(seed))
    return summary


def test_no_invariant_breaks_in_a_thousand_seeds(summary: Summary) -> None:
    assert [(replay(each.name), each.violations) for each in summary.failed] == []


def test_the_seeds_go_through_crashes_and_through_every_fault_of_the_catalogue(
    summary: Summary,
) -> None:
    assert summary.crashes > 0
    assert set(summary.fired) == {fault.number for fault in CATALOGUE}


@settings(max_examples=100)
@given(seeds)
def test_whatever_goes_wrong_the_invariants_hold(seed: int) -> None:
    report = run(seed)
    assert not report.violations, f"{replay(seed)}\n{report.story}"


@settings(max_examples=50)
@given(seeds)
def test_a_seed_played_twice_is_the_same_to_the_last_step(seed: int) -> None:
    """S32."""
    first, second = run(seed), run(seed)
    assert first.digest == second.digest
    assert str(first.story) == str(second.story)
    assert first.steps == second.steps


def test_a_rule_that_does_not_end_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(*_: object) -> None:
        while True:
            pass

    monkeypatch.setattr(endless_rule, "SEED_S", 0.1)
    monkeypatch.setattr(query, "state", endless)
    assert [violation.invariant for violation in run(0).violations] == ["bug"]
    monkeypatch.undo()
    assert run(0).violations == ()


def test_a_worker_s_thread_plays_the_same() -> None:
    digests: list[str] = []
    worker = threading.Thread(target=lambda: digests.append(run(3).digest))
    worker.start()
    worker.join()
    assert digests == [run(3).digest]


def test_two_seeds_differ() -> None:
    assert run(1).digest != run(2).digest


def test_the_order_of_hashes_decides_nothing() -> None:
    """A rule that iterates over a set would be found out here."""
    program = "from sim.run import run; print([run(seed).digest for seed in range(40)])"
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={
                **os.environ,
                "PYTHONPATH": ":".join([str(ROOT), *sys.path]),
                "PYTHONHASHSEED": hash_seed,
            },
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(said) == 1
