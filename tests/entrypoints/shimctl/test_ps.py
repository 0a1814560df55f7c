import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from entrypoints.shimctl import ps
from entrypoints.shimctl.containers import Row

UNIT = "io-containerd-systemd-default-web-init.service"
ROW = Row("default", "web", "", UNIT, 4711, "running", 61)
SHOWN = f"""\
Id={UNIT}
Description=Container default/web
ActiveState=active
MainPID=0
ExecMainCode=1
ExecMainStatus=3
"""


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a `systemctl` of the test's own on PATH."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def does(body: str) -> None:
        path = tmp_path / "systemctl"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    return does


def says(text: str) -> str:
    return f"cat <<'END'\n{text}END"


def test_containers_are_listed_from_systemd_alone(systemctl: Callable[[str], None]) -> None:
    systemctl(says(SHOWN))
    result = CliRunner().invoke(ps.command)
    assert result.exit_code == 0
    head, line = result.stdout.splitlines()
    assert head.split() == ["NAMESPACE", "ID", "EXEC", "UNIT", "PID", "STATE", "AGE"]
    assert line.split() == ["default", "web", "-", UNIT, "-", "exited", "(3)", "0s"]


def test_programs_read_json(systemctl: Callable[[str], None]) -> None:
    systemctl(says(SHOWN))
    (row,) = json.loads(CliRunner().invoke(ps.command, ["--json"]).stdout)
    assert (row["namespace"], row["container"], row["unit"]) == ("default", "web", UNIT)
    assert row["state"] == "exited (3)"


def test_no_containers_are_said_on_stderr_and_are_no_failure(
    systemctl: Callable[[str], None],
) -> None:
    systemctl("true")
    result = CliRunner().invoke(ps.command)
    assert result.exit_code == 0
    assert result.stdout == ""
    assert result.stderr == "no containers of this shim\n"
    assert json.loads(CliRunner().invoke(ps.command, ["--json"]).stdout) == []


def test_a_systemd_that_cannot_be_asked_is_a_failure(systemctl: Callable[[str], None]) -> None:
    systemctl("echo no bus >&2; exit 1")
    result = CliRunner().invoke(ps.command)
    assert result.exit_code == 1
    assert "no bus" in result.stderr


def test_unit_names_are_whole_where_nobody_looks_at_a_screen() -> None:
    assert UNIT in ps.table((ROW,), None)[1]


def test_unit_names_give_way_to_a_narrow_screen_and_keep_both_ends() -> None:
    lines = ps.table((ROW,), 80)
    assert max(map(len, lines)) <= 80
    assert "io-container" in lines[1]
    assert "init.service" in lines[1]
    assert "…" in lines[1]
