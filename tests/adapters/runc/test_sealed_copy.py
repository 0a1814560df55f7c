"""The copy of runc at its path: sealed, of the same age, and gone with its daemon."""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from adapters.runc import sealed_copy
from adapters.runc.sealed_copy import SealedCopy, remove, sealed

ALL_SEALS: Final = 0xF  # what runc compares with (libcontainer/nsenter/cloned_binary.c)
LONG_AGO_NS: Final = 1_600_000_000_123_456_789

_DAEMON: Final = """
import asyncio, sys
from pathlib import Path
from adapters.runc.sealed_copy import SealedCopy

async def serve():
    async with SealedCopy(Path(sys.argv[1]), sys.argv[2]):
        print("ready", flush=True)
        await asyncio.sleep(60)

asyncio.run(serve())
"""


@contextmanager
def kept(path: Path, copied: str) -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        copy = SealedCopy(path, copied)
        runner.run(copy.__aenter__())
        try:
            yield runner
        finally:
            runner.run(copy.__aexit__())


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Stands for runc: answers what is asked."""
    found = shutil.which("echo")
    assert found is not None
    copied = tmp_path / "runc"
    shutil.copy(found, copied)
    copied.chmod(0o755)
    os.utime(copied, ns=(LONG_AGO_NS, LONG_AGO_NS))
    return copied


@pytest.fixture
def path(tmp_path: Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("mounts need root")
    return tmp_path / "sealed" / "runc"


def says(path: Path) -> str:
    return subprocess.run([path, "here"], check=True, capture_output=True, text=True).stdout.strip()


def test_a_copy_has_what_its_original_has_and_nobody_can_change_it(program: Path) -> None:
    copy = sealed(str(program))
    try:
        facts = os.fstat(copy)
        assert os.pread(copy, facts.st_size, 0) == program.read_bytes()
        assert (facts.st_mtime_ns, facts.st_mode & 0o777) == (LONG_AGO_NS, 0o755)
        assert fcntl.fcntl(copy, fcntl.F_GET_SEALS) == ALL_SEALS
        with pytest.raises(PermissionError):
            os.pwrite(copy, b"x", 0)
    finally:
        os.close(copy)


def test_it_runs_from_its_path_as_long_as_it_is_kept(program: Path, path: Path) -> None:
    with kept(path, str(program)):
        assert says(path) == "here"
        assert path.stat().st_mtime_ns == LONG_AGO_NS
        assert path.readlink().name.startswith("memfd:runc")
    assert not path.is_symlink()
    assert not path.exists()


def test_a_new_original_gets_a_new_copy(
    program: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_copy, "LOOK_SECONDS", 0.05)
    with kept(path, str(program)) as runner:
        newer = program.with_name("runc.new")
        shutil.copy(program, newer)
        newer.rename(program)
        made = program.stat().st_mtime_ns
        while not path.exists() or path.stat().st_mtime_ns != made:
            runner.run(asyncio.sleep(0.05))  # the test's own time limit bounds it
        assert says(path) == "here"


def test_what_a_killed_daemon_has_left_leads_nowhere_and_makes_way(
    program: Path, path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _DAEMON, path, program], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == "ready\n"
        assert says(path) == "here"
        daemon.send_signal(signal.SIGKILL)
    assert not path.exists()

    with kept(path, str(program)):
        assert says(path) == "here"
    remove(path)  # nothing is there, which is no error


def test_it_goes_with_its_original_and_comes_back_with_it(
    program: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_copy, "LOOK_SECONDS", 0.05)
    away = program.with_name("away")
    with kept(path, str(program)) as runner:
        program.rename(away)
        while path.exists():
            runner.run(asyncio.sleep(0.05))
        away.rename(program)
        while not path.exists():
            runner.run(asyncio.sleep(0.05))
        assert says(path) == "here"


def test_without_a_runc_there_is_no_copy_and_nothing_fails(path: Path) -> None:
    with kept(path, ""):
        assert not path.exists()
    with kept(path, "/no/such/runc"):
        assert not path.exists()


def test_where_a_memfd_must_not_run_there_is_no_copy(
    program: Path, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enforce = tmp_path / "enforce"
    enforce.write_text("1")
    monkeypatch.setattr(sealed_copy, "_SELINUX", enforce)
    with kept(path, str(program)):
        assert not path.exists()
    enforce.write_text("0")
    with kept(path, str(program)):
        assert says(path) == "here"
