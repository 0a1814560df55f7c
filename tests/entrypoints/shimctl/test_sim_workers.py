"""The processes that play beside `shimctl sim run` belong to it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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


def _cpu_s(pid: int) -> float:
    """proc(5): utime and stime, the 12th and 13th after the name in parentheses."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, words[11:13])) / os.sysconf("SC_CLK_TCK")


def _within(seconds: float, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, holds
        time.sleep(0.05)


def test_nobody_plays_on_for_a_run_that_was_killed() -> None:
    command = [sys.executable, "-m", "entrypoints.shimctl", "sim", "run", "--seeds", "1000000"]
    with subprocess.Popen([*command, "--jobs", "2"], stdout=subprocess.DEVNULL) as run:
        try:
            _within(PATIENCE_S, lambda: len(_workers(run.pid)) == 2)
            workers = _workers(run.pid)
            # More than they need to begin: they play.
            _within(PATIENCE_S, lambda: all(_cpu_s(worker) > 1 for worker in workers))
        finally:
            os.kill(run.pid, signal.SIGKILL)
    _within(PATIENCE_S, lambda: not any(map(_lives, workers)))
