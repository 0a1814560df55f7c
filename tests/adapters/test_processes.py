"""Processes of this machine: the contract, and how /proc is read."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.processes import LinuxProcesses, cgroup_paths, is_below, started_ticks
from domain.identity import Pid
from tests.contracts.drive import Drive
from tests.contracts.processes_contract import ProcessesContract

HIERARCHY = Path("/sys/fs/cgroup/pids")
UNIFIED = Path("/sys/fs/cgroup")


def _fresh_cgroup() -> tuple[Path, str]:
    """A cgroup within a cgroup, in whichever hierarchy there is; its folder and its path."""
    root = HIERARCHY if HIERARCHY.is_dir() else UNIFIED
    path = f"/shim-test-{os.getpid()}/container"
    folder = root / path.lstrip("/")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    return folder, path


class TestOnThisMachine(ProcessesContract):
    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def processes(self) -> LinuxProcesses:
        return LinuxProcesses()

    @pytest.fixture(autouse=True)
    def cgroup(self) -> Iterator[str]:
        self.folder, path = _fresh_cgroup()
        self.begun: list[subprocess.Popen[bytes]] = []
        yield path
        for program in self.begun:
            program.kill()
            program.wait()
        self.folder.rmdir()
        self.folder.parent.rmdir()

    def begin(self) -> Pid:
        program = subprocess.Popen(["sleep", "1000"])
        self.begun.append(program)
        (self.folder / "cgroup.procs").write_text(str(program.pid))
        return Pid(program.pid)

    def end(self, pid: Pid) -> None:
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    def reap(self, pid: Pid) -> int:
        (program,) = (each for each in self.begun if each.pid == pid)
        return -program.wait()


def test_a_name_with_parentheses_and_blanks_does_not_move_the_start_time() -> None:
    fields = b"S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21"
    assert started_ticks(b"77 (sh) R 1 (x) " + fields + b"\n") == 4711
    assert started_ticks(b"77 (plain) " + fields + b"\n") == 4711


def test_the_cgroups_of_both_versions_are_read() -> None:
    told = b"4:cpu,cpuacct:/a\n1:name=systemd:/b:c\n0::/d\n"
    assert cgroup_paths(told) == (b"/a", b"/b:c", b"/d")


def test_a_longer_name_is_not_below_a_shorter_one() -> None:
    assert is_below(b"/a/b", b"/a/b")
    assert is_below(b"/a/b/c", b"/a/b")
    assert not is_below(b"/a/bc", b"/a/b")
    assert not is_below(b"/a", b"/a/b")
