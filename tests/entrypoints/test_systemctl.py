from pathlib import Path

import pytest
from returns.result import Failure, Success

from entrypoints import systemctl


def test_a_program_that_succeeds_is_its_output() -> None:
    assert systemctl.run(("echo", "hello"), 30) == Success("hello\n")


def test_a_program_that_fails_is_its_last_words() -> None:
    outcome = systemctl.run(("sh", "-c", "echo first >&2; echo last >&2; exit 3"), 30)
    assert isinstance(outcome, Failure)
    assert outcome.failure().reason == "last"


def test_a_program_that_fails_without_a_word_is_its_status() -> None:
    outcome = systemctl.run(("sh", "-c", "exit 3"), 30)
    assert isinstance(outcome, Failure)
    assert "3" in outcome.failure().reason


def test_a_program_that_is_not_there_is_a_failure() -> None:
    assert isinstance(systemctl.run(("no-such-program-anywhere",), 30), Failure)


def test_a_program_that_does_not_end_is_ended() -> None:
    outcome = systemctl.run(("sleep", "600"), 0.1)
    assert isinstance(outcome, Failure)
    assert "did not end" in outcome.failure().reason


def test_properties_of_several_units_stay_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "systemctl"
    program.write_text("#!/bin/sh\nprintf 'Id=a\\nX=1=2\\n\\nId=b\\nX=\\n'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert systemctl.show(["a", "b"], ("Id", "X"), 30) == Success(
        ({"Id": "a", "X": "1=2"}, {"Id": "b", "X": ""})
    )
