"""`shimctl sim` and `shimctl demo`, as a person runs them."""

from click.testing import CliRunner

from entrypoints.shimctl.main import shimctl


def test_seeds_that_break_nothing_end_with_a_summary_and_success() -> None:
    done = CliRunner().invoke(shimctl, ["sim", "run", "--seeds", "5"])
    assert done.exit_code == 0, done.output
    assert "5 seeds from 0" in done.output
    assert "0 violations" in done.output
    assert "lives a second" in done.output


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
