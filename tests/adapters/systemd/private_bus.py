"""A message bus of the tests' own, for what needs no systemd."""

import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

import pytest

needs_bus = pytest.mark.skipif(
    shutil.which("dbus-daemon") is None, reason="needs the dbus-daemon program"
)


class PrivateBus:
    """A dbus-daemon with its socket in the test's folder; can die and come back."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "bus")
        self._daemon: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        Path(self.path).unlink(missing_ok=True)
        self._daemon = subprocess.Popen(
            [
                "dbus-daemon",
                "--session",
                "--nofork",
                "--nopidfile",
                f"--address=unix:path={self.path}",
                "--print-address=1",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._daemon.stdout is not None
        assert self._daemon.stdout.readline()  # its socket is there now

    def kill(self) -> None:
        if self._daemon is not None:
            self._daemon.send_signal(signal.SIGKILL)
            self._daemon.communicate()
            self._daemon = None


class SilentListener:
    """Takes connections, and then says nothing or hangs up."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "silent")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.path)
        self._socket.listen()

    def hang_up_on_the_next(self) -> None:
        connection, _ = self._socket.accept()
        connection.recv(1)
        connection.close()

    def close(self) -> None:
        self._socket.close()


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
