"""Records on a real disk: the contract, damage, and death at every call to the kernel."""

import asyncio
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from returns.result import Failure

from adapters.disk.record import encode
from adapters.disk.records import DiskRecords
from domain.identity import ContainerId, ContainerKey, Namespace
from domain.ports.records import Records
from domain.refusal import RecordFailed
from tests.contracts.drive import Drive
from tests.contracts.records_contract import WEB, RecordsContract

OTHER = replace(WEB, owner=ContainerKey(Namespace("k8s.io"), ContainerId("other")))


class TestOnDisk(RecordsContract):
    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def records(self, tmp_path: Path) -> Iterator[DiskRecords]:
        records = DiskRecords(tmp_path)
        yield records
        records.close()

    def reopened(self, records: Records) -> Records:
        assert isinstance(records, DiskRecords)
        return DiskRecords(records._tasks.parent)

    def test_folders_and_records_are_for_root_alone(
        self, drive: Drive, records: DiskRecords, tmp_path: Path
    ) -> None:
        drive(records.save(WEB))
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
        assert modes == {
            tmp_path / "tasks": 0o700,
            tmp_path / "tasks/k8s.io": 0o700,
            tmp_path / f"tasks/k8s.io/web.{WEB.life}.json": 0o600,
        }

    @pytest.mark.parametrize("data", [b"", b"{}", encode(WEB)[:-5], encode(OTHER)])
    def test_a_damaged_record_is_set_aside_said_and_in_nobodys_way(
        self,
        drive: Drive,
        records: DiskRecords,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        data: bytes,
    ) -> None:
        drive(records.save(WEB))
        drive(records.save(OTHER))
        damaged = tmp_path / f"tasks/k8s.io/web.{WEB.life}.json"
        damaged.write_bytes(data)
        assert drive(records.all()) == (OTHER,)
        assert str(damaged) in caplog.text
        assert Path(f"{damaged}.unreadable").read_bytes() == data
        caplog.clear()
        assert drive(records.all()) == (OTHER,)
        assert not caplog.records

    def test_what_was_half_written_when_the_daemon_died_goes(
        self, drive: Drive, records: DiskRecords, tmp_path: Path
    ) -> None:
        drive(records.save(WEB))
        half = tmp_path / f"tasks/k8s.io/web.{WEB.life}.json.tmp"
        half.write_bytes(b'{"ver')
        assert drive(records.all()) == (WEB,)
        assert not half.exists()

    def test_a_record_that_cannot_be_kept_is_a_refusal_and_the_old_one_stands(
        self, drive: Drive, records: DiskRecords, tmp_path: Path
    ) -> None:
        drive(records.save(WEB))
        in_the_way = tmp_path / f"tasks/k8s.io/web.{WEB.life}.json.tmp"
        (in_the_way / "folder").mkdir(parents=True)
        match drive(records.save(replace(WEB, deleted=True))):
            case Failure(RecordFailed(why=why)):
                assert why
            case other:
                pytest.fail(f"{other}")
        assert [path.name for path in in_the_way.parent.glob("*.json")] == [f"web.{WEB.life}.json"]

    def test_a_write_that_stops_halfway_is_a_refusal_and_the_old_record_stands(
        self, drive: Drive, records: DiskRecords, tmp_path: Path
    ) -> None:
        drive(records.save(WEB))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))  # as a full disk, but EFBIG
        try:
            full = drive(records.save(replace(WEB, bundle="/" + "x" * 100_000)))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert isinstance(full.failure(), RecordFailed)
        assert drive(records.all()) == (WEB,)
        assert len(list((tmp_path / "tasks/k8s.io").iterdir())) == 1

    def test_of_saves_that_nobody_waits_for_the_last_one_stands(
        self, drive: Drive, records: DiskRecords
    ) -> None:
        async def impatient() -> None:
            for number in range(20):
                save = asyncio.create_task(records.save(replace(WEB, publish_to=f"{number}")))
                await asyncio.sleep(0)
                save.cancel()
            await records.save(replace(WEB, publish_to="last"))

        drive(impatient())
        assert drive(records.all()) == (replace(WEB, publish_to="last"),)


def test_death_at_any_call_to_the_kernel_leaves_the_old_record_or_the_new(tmp_path: Path) -> None:
    dying = Path(__file__).with_name("dying_saver.py")
    root = Path(__file__).parents[3]
    told = subprocess.run(
        [sys.executable, str(dying), str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    deaths, old, new = map(int, told.stdout.split())
    assert deaths == old + new
    assert old > 5
    assert new > 1
