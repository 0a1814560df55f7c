"""A booted lab machine, seen from a test on the host."""

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from types import TracebackType
from typing import Final

from tests.lab.terminal import Terminal

ENVIRONMENT: Final = (
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LANG=C.UTF-8",
)
# timeout(1) says so; the command itself hardly ever does.
TIMED_OUT: Final = 124
# How long the host waits for output that something in the machine still holds open.
GRACE_SECONDS: Final = 10


class CommandFailedError(AssertionError):
    """A command that had to succeed did not."""


class InsideProcess(subprocess.Popen[str]):
    """A command that runs inside while the test goes on; leaving the `with` block ends it."""

    def stop(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Sends a signal to the command itself, not to nsenter, and waits for its end."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # nsenter waits for its only child, which is the command.
            for child in children.read_text().split():
                os.kill(int(child), number)
        return self.wait(GRACE_SECONDS)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.poll() is None:
            self.stop()
        super().__exit__(kind, value, traceback)


@dataclass(frozen=True, slots=True)
class Root:
    """One generation of systemd, containerd and runc, up and running."""

    suite: str
    leader: int  # the machine's pid 1, as the host numbers it

    def run(
        self,
        *argv: str,
        input: str | None = None,  # noqa: A002 (as subprocess.run calls it)
        timeout: float = 60,
        check: bool = False,
    ) -> CompletedProcess[str]:
        """Runs a command inside. `check`: a status other than 0 is a CommandFailedError."""
        # Ending nsenter would leave the command behind, so the time limit is inside.
        limited = ("timeout", "--kill-after=2", str(timeout), *argv)
        source = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
        call: CompletedProcess[str] = subprocess.run(
            self._command(*limited),
            text=True,
            errors="replace",
            capture_output=True,
            timeout=timeout + GRACE_SECONDS,
            check=False,
            **source,
        )
        if call.returncode == TIMED_OUT:
            raise subprocess.TimeoutExpired(argv, timeout, call.stdout, call.stderr)
        if check and call.returncode:
            raise CommandFailedError(
                f"{self.suite}: {' '.join(argv)} ended with {call.returncode}\n"
                f"{call.stdout}\n{call.stderr}"
            )
        return call

    def shell(self, script: str, *, timeout: float = 60) -> str:
        """What a shell script prints that has to succeed, without the last line's end."""
        return self.run("sh", "-euc", script, timeout=timeout, check=True).stdout.rstrip("\n")

    def popen(self, *argv: str) -> InsideProcess:
        """Starts a command inside, with pipes for its stdio; use it in a `with` block."""
        return InsideProcess(
            self._command(*argv),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def pty(self, *argv: str, rows: int = 24, columns: int = 80) -> Terminal:
        """Starts a command inside whose terminal is a real one of the host's."""
        return Terminal(
            self._command("env", "TERM=xterm", "setsid", "--ctty", "--wait", *argv), rows, columns
        )

    def path(self, inside: str) -> Path:
        """Where the host finds a file of the machine."""
        return Path(f"/proc/{self.leader}/root") / inside.removeprefix("/")

    def pytest(self, *arguments: str, timeout: float = 600) -> CompletedProcess[str]:
        """Runs tests of /src inside, with the machine's own Python and engines."""
        return self.run(
            "env",
            "--chdir=/src",
            "PYTHONDONTWRITEBYTECODE=1",  # /src is read-only
            "HYPOTHESIS_STORAGE_DIRECTORY=/tmp/hypothesis",
            "/opt/shim-tests/bin/python",
            *("-m", "pytest", "-p", "no:cacheprovider", "--color=no"),
            *arguments,
            timeout=timeout,
        )

    def inside(self, module: str, *arguments: str, timeout: float = 120) -> str:
        """What a module of /src prints that runs inside with the tests' Python and succeeds."""
        return self.run(
            *("env", "--chdir=/src", "PYTHONDONTWRITEBYTECODE=1"),
            *("/opt/shim-tests/bin/python", "-m", module, *arguments),
            timeout=timeout,
            check=True,
        ).stdout

    @property
    def systemd_version(self) -> int:
        """The generation's systemd, for instance 257."""
        return int(self.run("systemctl", "--version", check=True).stdout.split()[1])

    def _command(self, *argv: str) -> list[str]:
        return ["nsenter", "-t", str(self.leader), "-a", "env", "-i", *ENVIRONMENT, *argv]
