"""`shimctl sim check` as a person calls it."""

import pytest
from click.testing import CliRunner

from domain.use_cases import start
from entrypoints.shimctl.sim.check import command
from sim.check.scope import SCOPES
from tests.sim.check.greed import greedy_start
from tests.sim.planting import Garden


def test_it_says_that_a_scope_is_proved_and_in_what_numbers() -> None:
    told = CliRunner().invoke(command, ["--scope", "two-deletes"])
    assert told.exit_code == 0
    assert "proved for this scope" in told.output
    assert " states, " in told.output


def test_it_never_says_so_of_one_that_a_bound_has_cut() -> None:
    told = CliRunner().invoke(command, ["--scope", "two-deletes", "--depth", "3"])
    assert told.exit_code == 0
    assert "nothing is proved" in told.output


def test_a_violation_ends_it_with_1_and_its_story(monkeypatch: pytest.MonkeyPatch) -> None:
    Garden(monkeypatch).plant(start.start, greedy_start())
    told = CliRunner().invoke(command, ["--scope", "two-starts", "--states-max", "500"])
    assert told.exit_code == 1
    assert "violated: " in told.output
    assert "runc        started c0" in told.output


def test_a_scope_that_does_not_exist_is_refused_with_those_that_do() -> None:
    told = CliRunner().invoke(command, ["--scope", "everything"])
    assert told.exit_code == 2
    assert "start-kill" in told.output


def test_it_lists_every_scope_and_says_which_ones_take_long() -> None:
    told = CliRunner().invoke(command, ["--list"])
    assert told.exit_code == 0
    assert len(told.output.splitlines()) == len(SCOPES)
    assert told.output.count("(large)") == sum(scope.is_large for scope in SCOPES)
