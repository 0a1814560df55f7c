"""The binary as containerd runs it, and a daemon on a real socket that says what it is told to."""

import os
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

ROOT: Final = Path(__file__).parents[3]
# What the launcher does, with a run folder of the test's own.
LAUNCH: Final = """\
import os, sys
sys.path.insert(0, sys.argv.pop(1))
sys.path.append(sys.argv.pop(1))
from entrypoints.shim.main import main
os._exit(main(sys.argv[2:], sys.argv[1]))
"""


@dataclass
class Daemon:
    """Answers each line that comes over the control socket; None hangs up without a word."""

    run_folder: Path
    answer: Callable[[str], str | None]
    requests: list[str] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # the test is over
            with connection, connection.makefile("rw", encoding="utf-8", newline="\n") as lines:
                request = lines.readline()
                if not request:
                    continue
                self.requests.append(request)
                reply = self.answer(request.rstrip("\n"))
                if reply is not None:
                    lines.write(reply)


class StartDaemon(Protocol):
    def __call__(self, answer: Callable[[str], str | None]) -> Daemon: ...


class RunShim(Protocol):
    def __call__(
        self, words: Sequence[str], given: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]: ...


def run_shim(
    words: Sequence[str], run_folder: Path, bundle: Path, given: bytes, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs the binary in the bundle with a bare interpreter; `given` is its standard input."""
    packages = sysconfig.get_path("purelib")
    argv = [sys.executable, "-IS", "-c", LAUNCH, str(ROOT), packages, str(run_folder), *words]
    clean = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(
        argv, input=given, capture_output=True, cwd=bundle, env=clean, check=False, timeout=60
    )


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
