import configparser
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from entrypoints import places
from entrypoints.shimctl import installation, this_program
from entrypoints.shimctl.installation import Program

ROOT = Path(__file__).parents[3]
PROGRAM = Program(
    app=ROOT,
    packages=(Path(sysconfig.get_path("purelib")),),
    python=Path(sys.executable),
    digest="0123",
)


def keys(text: str) -> configparser.ConfigParser:
    """A unit file's settings; none of ours has a key twice."""
    found = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(text)
    return found


def test_the_launcher_runs_whatever_the_caller_has_in_its_environment_and_folder(
    tmp_path: Path,
) -> None:
    launcher = tmp_path / places.BINARY
    launcher.write_text(installation.launcher(PROGRAM))
    launcher.chmod(0o755)
    for name in ("entrypoints.py", "os.py", "domain.py"):
        (tmp_path / name).write_text("raise SystemExit('hostile')")
    ended = subprocess.run(
        [str(launcher), "-v"],
        capture_output=True,
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PYTHONHOME": "/nowhere"},
        check=True,
    )
    assert places.VERSION.encode() in ended.stdout
    assert ended.stderr == b""


def test_the_launcher_finds_what_delete_needs_when_the_daemon_is_away() -> None:
    text = installation.launcher(this_program.program())
    until_run = text.rsplit("run()", 1)[0].partition("\n")[2]
    check = f"{until_run}\nimport entrypoints.shim.without_daemon"
    subprocess.run([sys.executable, "-IS", "-c", check], check=True)


def test_the_service_runs_the_daemon_of_this_very_code_and_always_again() -> None:
    service = keys(installation.service(PROGRAM, "/run/c.sock"))
    assert str(ROOT / "entrypoints" / "daemon") in service["Service"]["ExecStart"]
    assert '"--containerd-address" "/run/c.sock"' in service["Service"]["ExecStart"]
    assert service["Service"]["Type"] == "notify"
    assert service["Service"]["Restart"] == "always"
    assert service["Unit"]["StartLimitIntervalSec"] == "0"
    assert service["Unit"]["After"] == "containerd.service"


def test_the_service_changes_with_the_code() -> None:
    other = Program(ROOT, PROGRAM.packages, PROGRAM.python, digest="4567")
    assert installation.service(PROGRAM, "/a") != installation.service(other, "/a")


def test_a_daemon_keeps_the_mark_of_the_unit_that_started_it() -> None:
    unit = installation.service(PROGRAM, "/a")
    environment = keys(unit)["Service"]["Environment"]
    mark = installation.mark_of(unit)
    assert mark
    assert installation.mark_of(f"PATH=/bin\n{environment}\nX=1\n") == mark
    assert installation.mark_of(installation.service(PROGRAM, "/b")) != mark
    assert installation.mark_of("PATH=/bin\n") == ""


def test_the_socket_is_roots_alone_and_comes_back_after_a_reboot() -> None:
    socket = keys(installation.socket())
    assert socket["Socket"]["ListenStream"] == "/run/containerd-systemd/control"
    assert socket["Socket"]["SocketMode"] == "0600"
    assert socket["Socket"]["DirectoryMode"] == "0700"
    assert socket["Install"]["WantedBy"] == "sockets.target"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("plain", '"plain"'),
        ("with blank", '"with blank"'),
        ("50%", '"50%%"'),
        ("$HOME", '"$$HOME"'),
        ('a"b', '"a\\"b"'),
        ("a\\b", '"a\\\\b"'),
    ],
)
def test_nothing_in_a_path_is_expanded_by_systemd(word: str, expected: str) -> None:
    assert installation.quoted(word) == expected


def test_the_configuration_that_is_shown_names_both_forms_and_a_socket_elsewhere() -> None:
    text = installation.containerd_configuration("/run/k3s/containerd.sock")
    assert '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.systemd]' in text
    assert '[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.systemd]' in text
    assert "ctr --address /run/k3s/containerd.sock run" in text


def test_the_digest_changes_with_any_line_of_the_code(tmp_path: Path) -> None:
    module = tmp_path / "domain" / "a.py"
    module.parent.mkdir()
    module.write_text("x = 1\n")
    before = this_program.digest(tmp_path)
    assert this_program.digest(tmp_path) == before
    module.write_text("x = 2\n")
    assert this_program.digest(tmp_path) != before


def test_a_folder_that_others_may_change_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir(mode=0o755)
    inner.chmod(0o777)
    below = inner / "app"
    below.mkdir()
    assert this_program.writable_by_others(below) == inner
    inner.chmod(0o1777)  # sticky: nobody can replace what is another's
    assert this_program.writable_by_others(below) != inner
