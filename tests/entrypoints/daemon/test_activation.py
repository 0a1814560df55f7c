"""What systemd hands over, and what it is told."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.daemon.activation import Notifier, take_sockets

ROOT = Path(__file__).parents[3]


def test_passed_sockets_are_taken_by_name_and_the_variables_go(tmp_path: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "control"))
    listening.listen()
    program = (
        "import os; os.environ['LISTEN_PID'] = str(os.getpid());"
        "from entrypoints.daemon.activation import take_sockets;"
        "taken = take_sockets();"
        "print({name: [s.getsockname() for s in sockets] for name, sockets in taken.items()});"
        "print([name for name in os.environ if name.startswith('LISTEN_')],"
        " taken['control'][0].get_inheritable())"
    )

    def third() -> None:
        os.dup2(listening.fileno(), 3)

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"LISTEN_FDS": "1", "LISTEN_FDNAMES": "control", "PYTHONPATH": str(ROOT)},
        preexec_fn=third,
        close_fds=False,
        capture_output=True,
        text=True,
        check=True,
    )
    listening.close()
    assert done.stdout.splitlines() == [
        f"{{'control': ['{tmp_path / 'control'}']}}",
        "[] False",
    ]


def test_descriptors_for_another_process_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))
    monkeypatch.setenv("LISTEN_FDS", "3")
    assert take_sockets() == {}


def test_without_activation_there_are_no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        monkeypatch.delenv(name, raising=False)
    assert take_sockets() == {}


def test_facts_arrive_in_one_datagram(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "30000000")
        notifier = Notifier()
        notifier.say("READY=1", "STATUS=here")
        assert systemd.recv(100) == b"READY=1\nSTATUS=here"
    assert notifier.watchdog_seconds == 30.0
    assert "NOTIFY_SOCKET" not in os.environ  # runc would wait for a READY of the container


def test_a_socket_that_is_gone_costs_a_line_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    Notifier().say("READY=1")
    assert "systemd is not told" in capfd.readouterr().err


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier()
    notifier.say("READY=1")
    assert notifier.watchdog_seconds == 0
