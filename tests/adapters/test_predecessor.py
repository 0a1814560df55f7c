"""What a daemon that died has left running."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import predecessor

UNIT = "shim.service"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cgroup of this name, in which this process is; it is a plain folder."""
    cgroup = tmp_path / UNIT
    cgroup.mkdir()
    monkeypatch.setattr(predecessor, "own_cgroup", lambda *_: cgroup)
    return cgroup


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process
        process.kill()


def holds(folder: Path, *pids: int) -> None:
    (folder / "cgroup.procs").write_text("".join(f"{pid}\n" for pid in pids))


def test_alone_in_its_cgroup_it_waits_for_nobody(folder: Path) -> None:
    holds(folder, os.getpid())
    asyncio.run(predecessor.predecessors_end(UNIT))


def test_a_command_that_was_left_is_waited_for(
    folder: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    holds(folder, os.getpid(), sleeper.pid)

    async def scenario() -> None:
        waiting = asyncio.ensure_future(predecessor.predecessors_end(UNIT))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        sleeper.terminate()
        await waiting

    asyncio.run(scenario())
    assert sleeper.wait() == -15


def test_a_command_that_hangs_is_killed_in_the_end(
    folder: Path, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predecessor, "PATIENCE_SECONDS", 0.05)
    holds(folder, sleeper.pid)
    asyncio.run(predecessor.predecessors_end(UNIT))
    assert sleeper.wait() == -9


def test_a_process_that_is_gone_by_now_is_no_matter(folder: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    holds(folder, process.pid, 0)
    asyncio.run(predecessor.predecessors_end(UNIT))


@pytest.mark.parametrize(
    "lines",
    [
        "0::/user.slice/session-1.scope\n",
        "5:cpu:/x\n1:name=systemd:/user.slice/session-1.scope\n0::/\n",
        f"0::/system.slice/not-{UNIT}\n",
    ],
)
def test_in_a_persons_session_nobody_is_waited_for_and_nobody_is_killed(
    lines: str, tmp_path: Path, sleeper: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "cgroup").write_text(lines)
    asyncio.run(predecessor.predecessors_end(UNIT, tmp_path))
    assert sleeper.poll() is None
