"""`shimctl sim slips`: what lives is shown, and how much was found is said."""

import pytest
from click.testing import CliRunner

from entrypoints.shimctl.main import shimctl


def test_what_nobody_finds_is_shown_and_the_rest_is_counted() -> None:
    asked = ["--only", "domain.use_cases.pause", "--share", "0.1", "--seeds", "5", "--jobs", "1"]
    done = CliRunner().invoke(shimctl, ["sim", "slips", *asked])
    assert done.exit_code == 0, done.output
    *told, last = done.output.splitlines()
    found, whole = int(last.split()[0]), int(last.split()[2])
    lives = [line for line in told if line.startswith("lives  domain.use_cases.pause")]
    assert found + len(lives) == whole
    assert 0 < found < whole
    assert told[-1].startswith("found by  ")


def test_another_draw_tries_others() -> None:
    def tried(draw: str) -> str:
        asked = ["--only", "domain.limits", "--share", "0.1", "--seeds", "1", "--jobs", "1"]
        return CliRunner().invoke(shimctl, ["sim", "slips", *asked, "--draw", draw]).output

    assert tried("1") == tried("1") != tried("2")


@pytest.mark.parametrize("wrong", [["--only", "nonesuch"], ["--share", "0"], ["--share", "2"]])
def test_what_cannot_be_tried_is_a_wrong_argument(wrong: list[str]) -> None:
    assert CliRunner().invoke(shimctl, ["sim", "slips", *wrong]).exit_code == 2
