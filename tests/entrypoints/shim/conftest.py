import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.entrypoints.shim.launching import Daemon, RunShim, StartDaemon, run_shim


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "s").mkdir(parents=True)
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "config.json").write_text('{"ociVersion": "1.0.2", "process": {"args": ["true"]}}\n')
    return folder


@pytest.fixture
def daemon(run_folder: Path) -> Iterator[StartDaemon]:
    listeners: list[tuple[socket.socket, threading.Thread]] = []

    def start(answer: Callable[[str], str | None]) -> Daemon:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(run_folder / "control"))
        listener.listen()
        started = Daemon(run_folder, answer)
        thread = threading.Thread(target=started.serve, args=(listener,))
        thread.start()
        listeners.append((listener, thread))
        return started

    yield start
    for listener, thread in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        listener.close()


@pytest.fixture
def listening(run_folder: Path) -> Iterator[Callable[[str], Path]]:
    """Opens a namespace's socket, as the daemon does."""
    opened: list[socket.socket] = []

    def listen(namespace: str) -> Path:
        listener = socket.socket(socket.AF_UNIX)
        opened.append(listener)
        path = run_folder / "s" / namespace
        listener.bind(str(path))
        listener.listen()
        return path

    yield listen
    for listener in opened:
        listener.close()


@pytest.fixture
def shim(run_folder: Path, bundle: Path) -> RunShim:
    def run(
        words: Sequence[str], given: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        return run_shim(words, run_folder, bundle, given, **environment)

    return run


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder for PATH with a `systemctl` and a `runc` of the test's own.

    Each writes its command line into the file `calls`. `systemctl show` prints the file
    `NAME.properties` of the first unit that it is asked for (`patterns.properties` for a
    pattern); without one the unit is not loaded.
    """
    folder = tmp_path / "programs"
    folder.mkdir()
    _program(folder / "systemctl", SYSTEMCTL)
    _program(folder / "runc", 'echo "runc $*" >>"${0%/*}/calls"\n')
    return folder


SYSTEMCTL = """\
here=${0%/*}
echo "systemctl $*" >>"$here/calls"
case " $* " in *" show "*) ;; *) exit ;; esac
while [ "$1" != -- ]; do shift; done
case $2 in
    *\\**) [ ! -f "$here/patterns.properties" ] || cat "$here/patterns.properties" ;;
    *) cat "$here/$2.properties" 2>/dev/null || echo LoadState=not-found ;;
esac
"""


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)
