"""Control groups of this machine: the contract on version 1 and on version 2."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from returns.result import Success

from adapters.cgroup_folders import CGROUP_ROOT
from adapters.cgroups import LinuxCgroups
from tests.contracts.cgroups_contract import CgroupsContract
from tests.contracts.drive import Drive


class _OnThisMachine(CgroupsContract):
    hierarchy: Path

    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def cgroups(self) -> LinuxCgroups:
        return LinuxCgroups()

    @pytest.fixture
    def outer(self, cgroups: LinuxCgroups, drive: Drive) -> Iterator[str]:
        path = f"/shim-test-{os.getpid()}"
        inner = self.folder(path) / "inner"
        try:
            inner.mkdir(parents=True)
        except OSError as error:
            pytest.skip(f"no cgroup can be made here: {error}")
        yield path
        drive(cgroups.thaw(path))
        inner.rmdir()
        inner.parent.rmdir()

    @pytest.fixture
    def inner(self, outer: str) -> Iterator[str]:
        path = f"{outer}/inner"
        with subprocess.Popen(["sleep", "1000"]) as program:
            (self.folder(path) / "cgroup.procs").write_text(str(program.pid))
            yield path
            program.kill()
            program.wait()

    def folder(self, cgroup: str) -> Path:
        return self.hierarchy / cgroup.lstrip("/")


class TestVersion1(_OnThisMachine):
    hierarchy = CGROUP_ROOT / "freezer"

    @pytest.fixture(autouse=True)
    def mounted(self) -> None:
        if not self.hierarchy.is_dir():
            pytest.skip("no version 1 freezer is mounted here")

    def freeze(self, cgroup: str) -> None:
        (self.folder(cgroup) / "freezer.state").write_text("FROZEN")
        _until(lambda: self._state(cgroup) == "FROZEN")

    def is_frozen(self, cgroup: str) -> bool:
        return self._state(cgroup) != "THAWED"

    def _state(self, cgroup: str) -> str:
        return (self.folder(cgroup) / "freezer.state").read_text().strip()

    def test_what_runc_leaves_around_an_ended_container_is_removed(
        self, drive: Drive, cgroups: LinuxCgroups
    ) -> None:
        unit = f"/shim-test-{os.getpid()}.service"
        (self.folder(unit) / "container").mkdir(parents=True)
        assert drive(cgroups.remove(unit)) == Success(None)
        assert not self.folder(unit).exists()

    def test_one_in_use_stays(
        self, drive: Drive, cgroups: LinuxCgroups, outer: str, inner: str
    ) -> None:
        assert drive(cgroups.remove(outer)) == Success(None)
        assert self.folder(inner).exists()


class TestVersion2(_OnThisMachine):
    @pytest.fixture(autouse=True)
    def mounted(self) -> None:
        for root in (CGROUP_ROOT, CGROUP_ROOT / "unified"):
            if (root / "cgroup.controllers").exists():
                self.hierarchy = root
                return
        pytest.skip("no version 2 hierarchy is mounted here")

    def freeze(self, cgroup: str) -> None:
        (self.folder(cgroup) / "cgroup.freeze").write_text("1")
        _until(lambda: self.is_frozen(cgroup))

    def is_frozen(self, cgroup: str) -> bool:
        events = (self.folder(cgroup) / "cgroup.events").read_text()
        return "frozen 1" in events.splitlines()


def _until(true: Callable[[], bool]) -> None:
    """Freezing goes on for a moment after the write; the test's own time limit ends a wait."""
    while not true():
        time.sleep(0.001)


def test_a_folder_that_is_no_cgroup_gets_no_file(tmp_path: Path) -> None:
    (tmp_path / "freezer/web").mkdir(parents=True)
    assert asyncio.run(LinuxCgroups(tmp_path).thaw("/web")) == Success(None)
    assert list((tmp_path / "freezer/web").iterdir()) == []
