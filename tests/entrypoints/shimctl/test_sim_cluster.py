"""Seeds spread over a cluster of dask: two workers on this machine, of which one is killed."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import pytest
from click.testing import CliRunner

from entrypoints.shimctl.main import shimctl
from entrypoints.shimctl.sim.cluster import joined
from entrypoints.shimctl.sim.workers import EACH, Here, explore
from sim.explore.search import Search
from sim.faults import CATALOGUE
from sim.summary import Summary

SEEDS: Final = 200
QUIET: Final = ("--no-dashboard",)
ALONE: Final = ("--nthreads", "1", "--no-nanny", *QUIET)

pytest.importorskip("distributed", reason="dask is not installed: the extra `cluster`")
# Parts of dask warn of parts of dask.
pytestmark = pytest.mark.filterwarnings("default")


@contextmanager
def started(folder: Path, module: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of dask's; ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *words],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(stderr: IO[bytes] | None, pattern: bytes) -> str:
    """Waits for a line that says so."""
    assert stderr is not None
    for line in stderr:
        found = re.search(pattern, line)
        if found:
            return found.group(1).decode()
    pytest.fail(f"it ended without saying {pattern!r}")


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[str]:
    words = ("--host", "127.0.0.1", "--port", "0", *QUIET)
    with started(tmp_path, "dask_scheduler", *words) as process:
        yield said(process.stderr, rb"Scheduler at:\s+(tcp://\S+)")


@contextmanager
def worker(folder: Path, scheduler: str) -> Iterator[subprocess.Popen[bytes]]:
    with started(folder, "dask_worker", scheduler, *ALONE) as process:
        said(process.stderr, rb"(Registered to)")
        yield process


def played_here() -> Summary:
    search = Search(0, SEEDS, CATALOGUE)
    for _ in explore(search, Here(), 1, lambda: False):
        pass
    return search.summary


def test_a_worker_that_is_killed_loses_no_seed(tmp_path: Path, scheduler: str) -> None:
    search = Search(0, SEEDS, CATALOGUE)
    with (
        worker(tmp_path, scheduler) as victim,
        worker(tmp_path, scheduler),
        joined(scheduler) as cluster,
    ):
        assert cluster.cores == 2
        summaries = explore(search, cluster.executor, EACH * cluster.cores, lambda: False)
        next(summaries)
        victim.kill()
        victim.wait()
        for _ in summaries:
            pass
    assert search.summary == played_here()
    assert search.summary.seeds == SEEDS


def test_the_command_line_leads_there(tmp_path: Path, scheduler: str) -> None:
    with worker(tmp_path, scheduler):
        words = ["sim", "run", "--seeds", "60", "--cluster", scheduler]
        done = CliRunner().invoke(shimctl, words)
    assert done.exit_code == 0, done.output
    assert "seeds       60\n" in done.output
