"""`shimctl sim` and `shimctl demo`, as a person runs them."""

import pytest
from click.testing import CliRunner

from domain import unit
from domain.exit_status import ExitStatus
from entrypoints.shimctl.main import shimctl


def test_seeds_that_break_nothing_end_with_a_summary_and_success() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "5"])
    assert done.exit_code == 0, done.output
    lines = dict(line.split(maxsplit=1) for line in done.output.splitlines())
    assert lines["seeds"] == "5"
    assert int(lines["lives"]) >= 5
    assert lines["violations"] == "0"
    assert lines["pace"].endswith("lives a second")


def test_a_violation_ends_with_status_1_its_story_and_the_command_that_replays_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unit, "exit_status", lambda *_: ExitStatus(99))
    done = CliRunner().invoke(shimctl, ["sim", "run", "--first", "3", "--seeds", "4"])
    assert done.exit_code == 1
    assert "violated  S5: " in done.output
    assert "containerd  hears" in done.output
    replays = [line for line in done.output.splitlines() if line.startswith("  replay ")]
    again = replays[0].split()[2:]
    assert CliRunner().invoke(shimctl, again).exit_code == 1


def test_a_wrong_argument_is_a_usage_error() -> None:
    assert CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "many"]).exit_code == 2
    assert CliRunner().invoke(shimctl, ["sim", "walk"]).exit_code == 2
    assert CliRunner().invoke(shimctl, ["demo"]).exit_code == 2


def test_the_demo_tells_a_life() -> None:
    done = CliRunner().invoke(shimctl, ["demo", "--sim"])
    assert done.exit_code == 0, done.output
    assert "Left over: nothing." in done.output


def test_the_help_teaches() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--help"])
    assert "shimctl sim run --first 4711 --seeds 1" in done.output
