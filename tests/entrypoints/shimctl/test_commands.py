import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entrypoints.shimctl import steps
from entrypoints.shimctl.main import COMMANDS, shimctl

ROOT = Path(__file__).parents[3]


def test_the_help_lists_every_command_with_what_it_does() -> None:
    result = CliRunner().invoke(shimctl, ["--help"])
    assert result.exit_code == 0
    for name in COMMANDS:
        (line,) = [each for each in result.stdout.splitlines() if each.startswith(f"  {name} ")]
        assert not line.endswith("...")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_teaches_in_its_help(name: str) -> None:
    result = CliRunner().invoke(shimctl, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage: " in result.stdout
    assert len(result.stdout.splitlines()) > 10


@pytest.mark.parametrize("words", [["nonsense"], ["ps", "--nonsense"], ["install", "surplus"]])
def test_a_command_line_that_is_not_understood_ends_with_2(words: list[str]) -> None:
    assert CliRunner().invoke(shimctl, words).exit_code == 2


def test_a_command_is_loaded_when_it_is_asked_for() -> None:
    check = (
        "import sys; from entrypoints.shimctl.main import shimctl;"
        "loaded = [m for m in sys.modules if m.startswith('entrypoints.shimctl.')];"
        "print(loaded, 'subprocess' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, check=True)
    assert ended.stdout.decode().startswith(
        "['entrypoints.shimctl.lazy_group', 'entrypoints.shimctl.main']"
    )


def test_who_is_not_root_is_told_so_in_a_sentence() -> None:
    with pytest.raises(click.ClickException, match="install needs root: run it with sudo"):
        steps.need_root("install", 1000)
    steps.need_root("install", 0)
