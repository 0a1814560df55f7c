"""A slip is in the rules for as long as it is asked to be, wherever they are known by name."""

import re

import pytest

from domain import lifecycle, limits
from domain.lifecycle import Heard, Phase
from domain.use_cases import bring_up, clean_up, exits, kill
from sim.run import run
from sim.slips.slip import Slip, every_slip
from sim.slips.trial import trial


def number_of(where: str, what: str) -> int:
    """Of the first such slip there; `where` without the line."""
    return next(
        number
        for number, slip in enumerate(every_slip())
        if slip.what == what and re.sub(r":\d+", "", slip.where) == where
    )


def slip(where: str, what: str) -> Slip:
    return every_slip()[number_of(where, what)]


def test_every_module_with_rules_has_some() -> None:
    modules = {slip.where.split(":")[0] for slip in every_slip()}
    assert {"domain.outbox", "domain.lifecycle", "domain.use_cases.recover"} <= modules
    assert not [module for module in modules if module.startswith("domain.ports")]


def test_every_slip_can_be_made_and_is_gone_afterwards() -> None:
    before = run(3).digest
    for each in every_slip():
        with each.made():
            pass
    assert run(3).digest == before


def test_a_function_has_other_code_wherever_it_was_imported_to() -> None:
    honest = exits.look.__code__
    with slip("domain.use_cases.exits look", "gone: return").made():
        assert exits.look.__code__ is not honest
        assert vars(clean_up)["look"] is exits.look
    assert exits.look.__code__ is honest


def test_a_constant_is_another_in_every_rule_that_took_it_by_name() -> None:
    def known() -> list[object]:
        return [vars(module)["SIGKILL"] for module in (exits, kill, bring_up)]

    with slip("domain.use_cases.exits SIGKILL", "10 for 9").made():
        assert known() == [10, 10, 10]
    assert known() == [9, 9, 9]


def test_a_row_of_a_table_is_missing() -> None:
    row = (Phase.STARTING, Heard.STARTED)
    with slip("domain.lifecycle AFTER", f"no {row}").made():
        assert row not in lifecycle.AFTER
    assert row in lifecycle.AFTER


def test_a_slip_that_matters_is_found_with_what_it_broke() -> None:
    where = "domain.use_cases.kill _kill_init"
    verdict = trial(number_of(where, "always: signal == 0"), range(100))
    assert verdict.by.startswith("S38: ")
    assert verdict.seeds <= 100


def test_one_that_changes_nothing_lives() -> None:
    verdict = trial(number_of("domain.limits STOP_S", "31 for 30"), range(3))
    assert (verdict.by, verdict.seeds) == ("", 3)
    assert limits.STOP_S == 30


def test_a_run_that_does_not_come_to_its_end_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sim.slips.trial.run", broken)
    assert trial(0, range(1)).by == "raises ZeroDivisionError()"
