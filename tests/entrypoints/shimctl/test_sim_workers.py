"""The processes that play beside `shimctl sim run` belong to it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PATIENCE_S = 30.0


def _workers(pid: int) -> list[int]:
    """Its children but the one that keeps account of shared things (multiprocessing)."""
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words if "spawn_main" in _command(int(word))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""


def _lives(pid: int) -> bool:
    """A zombie has no command line any more."""
    return bool(_command(pid))


def test_nobody_plays_on_for_a_run_that_was_killed() -> None:
    command = [sys.executable, "-m", "entrypoints.shimctl", "sim", "run", "--seeds", "1000000"]
    with subprocess.Popen([*command, "--jobs", "2"], stdout=subprocess.DEVNULL) as run:
        try:
            until = time.monotonic() + PATIENCE_S
            while len(workers := _workers(run.pid)) < 2:
                assert time.monotonic() < until, "there are no workers"
                time.sleep(0.05)
            time.sleep(1)  # they import the simulator, and begin
        finally:
            os.kill(run.pid, signal.SIGKILL)
    until = time.monotonic() + PATIENCE_S
    while any(map(_lives, workers)):
        assert time.monotonic() < until, "they play on"
        time.sleep(0.05)
