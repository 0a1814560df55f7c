"""How soon an exit is news: from kill -9 to the event that a client of containerd reads."""

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.inside import ctr
from bench.inside.ctr import Runtime
from bench.inside.timing import NS_PER_MS, CommandFailedError, Samples, in_turns

NEWS_SECONDS: Final = 20.0
# `ctr events` says nothing when it listens; until then it hears nothing.
LISTENS_AFTER_SECONDS: Final = 0.5


def latency(rounds: int) -> Samples:
    with _events() as events, tempfile.TemporaryDirectory() as folder:
        return in_turns(rounds, {each.short: _dying(each, events, folder) for each in ctr.BOTH})


class Events:
    """What `ctr events` prints, as it comes."""

    def __init__(self, stream: int) -> None:
        self._stream = stream
        self._unread = b""

    def await_exit(self, container: str) -> int:
        """When the exit of the container's init was read (perf_counter_ns)."""
        until = time.monotonic() + NEWS_SECONDS
        while True:
            *lines, self._unread = self._unread.split(b"\n")
            read_at = time.perf_counter_ns()
            for line in lines:
                if b"/tasks/exit" in line and f'"{container}"'.encode() in line:
                    return read_at
            ready, _, _ = select.select([self._stream], [], [], until - time.monotonic())
            if not ready:
                raise CommandFailedError(f"no exit of {container} in {NEWS_SECONDS} s")
            self._unread += os.read(self._stream, 65536)


@contextmanager
def _events() -> Iterator[Events]:
    with subprocess.Popen(["ctr", "events"], stdout=subprocess.PIPE) as listener:  # noqa: S607
        if listener.stdout is None:
            raise CommandFailedError("ctr events has no output")
        time.sleep(LISTENS_AFTER_SECONDS)
        try:
            yield Events(listener.stdout.fileno())
        finally:
            listener.kill()


def _dying(runtime: Runtime, events: Events, folder: str) -> Callable[[str], float]:
    def measure(word: str) -> float:
        container = runtime.id(f"exit{word}")
        pid_file = Path(folder, container)
        ctr.start_idle(runtime, container, "--pid-file", str(pid_file))
        pid = int(pid_file.read_text())
        killed_at = time.perf_counter_ns()
        os.kill(pid, signal.SIGKILL)
        took = events.await_exit(container) - killed_at
        ctr.remove(container)
        return took / NS_PER_MS

    return measure
