"""Bundles on a real disk: the contract, and what only a disk has."""

import asyncio
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from returns.result import Failure, Success

from adapters.disk.bundle import EVIDENCE_BYTES_MAX, DiskBundles
from domain import bundle_files
from domain.identity import ExecId
from tests.contracts.bundles_contract import CONFIG, EXEC, SPEC, BundlesContract
from tests.contracts.drive import Drive


class TestOnDisk(BundlesContract):
    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def bundles(self) -> DiskBundles:
        return DiskBundles()

    @pytest.fixture
    def bundle(self, tmp_path: Path) -> str:
        (tmp_path / "config.json").write_text(json.dumps(CONFIG))
        return str(tmp_path)

    @pytest.fixture
    def missing_bundle(self, tmp_path: Path) -> str:
        return str(tmp_path / "missing")

    def wrote_pid(self, bundle: str, exec_id: ExecId | None, pid: int) -> None:
        Path(bundle_files.pid_file(bundle, exec_id)).write_text(f"{pid}")

    def text_of(self, bundle: str, path: str) -> str | None:
        assert path.startswith(bundle)
        return Path(path).read_text() if Path(path).exists() else None

    def test_a_placed_configuration_keeps_every_other_byte_its_mode_and_its_owner(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        config = Path(bundle, "config.json")
        text = '{ "n":18446744073709551615,"t":"\\u00fc ü", "linux":{"cgroupsPath":"/a"}}\n'
        config.write_text(text)
        config.chmod(0o640)
        if os.geteuid() == 0:
            os.chown(config, 1000, 1001)
        before = config.stat()
        assert drive(bundles.place(bundle, "/b")) == Success(None)
        after = config.stat()
        assert config.read_text() == text.replace("/a", "/b")
        assert (after.st_mode, after.st_uid, after.st_gid) == (
            before.st_mode,
            before.st_uid,
            before.st_gid,
        )
        assert after.st_ino != before.st_ino
        assert [path.name for path in config.parent.iterdir()] == ["config.json"]

    def test_what_a_killed_daemon_left_half_written_is_no_obstacle(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        Path(bundle, "config.json.tmp").write_text("half")
        assert drive(bundles.place(bundle, "/b")) == Success(None)
        assert [path.name for path in Path(bundle).iterdir()] == ["config.json"]

    def test_a_configuration_that_cannot_be_understood_stays_as_it_is(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        config = Path(bundle, "config.json")
        config.write_bytes(b'{"linux":{"cgroupsPath":"\xff"}}')
        for call in (bundles.facts(bundle), bundles.place(bundle, "/b")):
            assert isinstance(drive(call), Failure)
        assert config.read_bytes() == b'{"linux":{"cgroupsPath":"\xff"}}'

    def test_an_execs_files_are_for_root_alone(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True))
        folder = Path(bundle_files.exec_folder(bundle, EXEC))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(folder.parent.stat().st_mode) == 0o700

    def test_runc_is_held_up_at_a_fifo(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True))
        gate = Path(bundle_files.exec_gate(bundle, EXEC)).stat()
        assert stat.S_ISFIFO(gate.st_mode)
        assert stat.S_IMODE(gate.st_mode) == 0o600

    @pytest.mark.parametrize("content", ["", "x", "-5", "0", "4 2", "1" * 40, "4\0"])
    def test_a_pid_file_without_a_pid_says_that_nothing_ran(
        self, drive: Drive, bundles: DiskBundles, bundle: str, content: str
    ) -> None:
        Path(bundle_files.pid_file(bundle, None)).write_text(content)
        assert drive(bundles.pid(bundle, None)) is None

    def test_a_pid_may_end_with_a_newline(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        Path(bundle_files.pid_file(bundle, None)).write_text("4194304\n")
        assert drive(bundles.pid(bundle, None)) == 4194304

    def test_of_a_long_file_the_evidence_is_the_end(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        log = Path(bundle, "log.json")
        log.write_bytes(b"\xff" * EVIDENCE_BYTES_MAX + b"the end")
        (evidence,) = drive(bundles.evidence((("log", str(log)),)))
        assert evidence.text.endswith("the end")
        assert len(evidence.text) == EVIDENCE_BYTES_MAX

    def test_what_is_no_plain_file_is_no_evidence(
        self, drive: Drive, bundles: DiskBundles, bundle: str
    ) -> None:
        os.mkfifo(Path(bundle, "log"))
        paths = (("a FIFO", f"{bundle}/log"), ("a folder", bundle), ("nothing", f"{bundle}/x"))
        assert drive(bundles.evidence(paths)) == ()
