"""A move that moves nobody, so that the next one is quick."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from adapters.cgroup_folders import own_cgroup
from adapters.cgroup_moves import CgroupMoves


def lives_in(machine: Path, name: str) -> Path:
    """Says so in the machine's /proc; answers the cgroup's list of processes."""
    (machine / name).mkdir()
    (machine / "cgroup").write_text(f"0::/{name}\n")
    (machine / name / "cgroup.procs").touch()
    return machine / name / "cgroup.procs"


async def _expect(moves: CgroupMoves) -> None:
    moves.expect()
    await moves.aclose()


def test_whoever_expects_a_process_is_moved_to_where_he_is(tmp_path: Path) -> None:
    procs = lives_in(tmp_path, "a.service")
    asyncio.run(_expect(CgroupMoves(tmp_path, tmp_path)))
    assert procs.read_bytes() == b"0"


def test_a_daemon_that_somebody_has_moved_stays_there(tmp_path: Path) -> None:
    former = lives_in(tmp_path, "a.service")
    latter = lives_in(tmp_path, "b.scope")
    asyncio.run(_expect(CgroupMoves(tmp_path, tmp_path)))
    assert (former.read_bytes(), latter.read_bytes()) == (b"", b"0")


@pytest.mark.skipif(
    os.geteuid() != 0 or own_cgroup() is None,
    reason="needs root, and this process's cgroup mounted",
)
def test_the_real_kernel_takes_it_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    before = Path("/proc/self/cgroup").read_text()
    with caplog.at_level(logging.INFO):
        asyncio.run(_expect(CgroupMoves()))
    assert Path("/proc/self/cgroup").read_text() == before
    assert caplog.messages == []


def test_where_that_is_refused_it_is_said_once_and_not_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cgroup").write_text("0::/elsewhere\n")

    async def scenario() -> None:
        moves = CgroupMoves(tmp_path, tmp_path)
        await _expect(moves)
        moves.expect()  # its thread has ended: another try would be an error

    with caplog.at_level(logging.INFO):
        asyncio.run(scenario())
    (said,) = caplog.messages
    assert "without preparation" in said
