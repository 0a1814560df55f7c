"""What every Bundles port does, be it the fake or a disk.

A test class gives `drive`, `bundles`, and `bundle`: a folder whose config.json is `CONFIG`. It
says how runc's part is played (`wrote_pid`) and where a bundle is that does not exist.
"""

import json
from typing import Any, Final

import pytest
from returns.result import Failure, Success

from domain import bundle_files
from domain.identity import ExecId, Pid
from domain.ports.bundles import BundleFacts, Bundles
from domain.refusal import BundleFailed
from tests.contracts.drive import Drive

CONFIG: Final[dict[str, Any]] = {
    "ociVersion": "1.2.0",
    "process": {"terminal": True, "args": ["true"]},
    "root": {"path": "rootfs", "readonly": True},
    "linux": {
        "cgroupsPath": "/default/web",
        "namespaces": [{"type": "pid"}, {"type": "network", "path": "/proc/1/ns/net"}],
    },
}
EXEC: Final = ExecId("e-1")
SPEC: Final = b'{"args":["date"],"cwd":"/","terminal":true}'


class BundlesContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def bundles(self) -> Bundles:
        raise NotImplementedError

    @pytest.fixture
    def bundle(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def missing_bundle(self) -> str:
        raise NotImplementedError

    def wrote_pid(self, bundle: str, exec_id: ExecId | None, pid: int) -> None:
        """What runc does when the program is set up."""
        raise NotImplementedError

    def text_of(self, bundle: str, path: str) -> str | None:
        """A file as others see it."""
        raise NotImplementedError

    def test_the_facts_are_those_of_the_configuration(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        assert drive(bundles.facts(bundle)) == Success(
            BundleFacts("/default/web", f"{bundle}/rootfs", True, True)
        )

    def test_a_placed_container_has_the_new_cgroup_and_the_same_other_facts(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        before = drive(bundles.facts(bundle)).unwrap()
        assert drive(bundles.place(bundle, "/system.slice/u.service/container")) == Success(None)
        after = drive(bundles.facts(bundle)).unwrap()
        assert after.cgroups_path == "/system.slice/u.service/container"
        assert (after.rootfs, after.has_terminal) == (before.rootfs, before.has_terminal)

    def test_a_bundle_that_is_not_there_is_a_refusal(
        self, drive: Drive, bundles: Bundles, missing_bundle: str
    ) -> None:
        for call in (bundles.facts(missing_bundle), bundles.place(missing_bundle, "/c")):
            assert isinstance(drive(call).failure(), BundleFailed)

    def test_only_a_bundle_that_is_not_there_is_gone(
        self, drive: Drive, bundles: Bundles, bundle: str, missing_bundle: str
    ) -> None:
        assert not drive(bundles.is_gone(bundle))
        assert drive(bundles.is_gone(missing_bundle))

    def test_the_requests_terminal_overrides_the_execs(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        assert drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=False)) == Success(None)
        text = self.text_of(bundle, bundle_files.exec_spec(bundle, EXEC))
        assert text is not None
        assert json.loads(text) == {**json.loads(SPEC), "terminal": False}

    @pytest.mark.parametrize("spec", [b"", b"{", b"[]", b"null", b'"x"', b"{} {}", b"\xff"])
    def test_an_exec_that_is_no_json_object_is_refused_and_leaves_nothing(
        self, drive: Drive, bundles: Bundles, bundle: str, spec: bytes
    ) -> None:
        refused = drive(bundles.add_exec(bundle, EXEC, spec, terminal=True))
        assert isinstance(refused, Failure)
        assert self.text_of(bundle, bundle_files.exec_spec(bundle, EXEC)) is None

    def test_without_a_pid_file_no_program_ran(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        assert drive(bundles.pid(bundle, None)) is None
        drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True))
        assert drive(bundles.pid(bundle, EXEC)) is None

    def test_each_process_has_its_own_pid(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True))
        self.wrote_pid(bundle, None, 41)
        self.wrote_pid(bundle, EXEC, 42)
        assert drive(bundles.pid(bundle, None)) == Pid(41)
        assert drive(bundles.pid(bundle, EXEC)) == Pid(42)

    def test_an_exec_that_is_removed_leaves_nothing_and_can_be_removed_again(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True))
        self.wrote_pid(bundle, EXEC, 42)
        for _ in range(2):
            assert drive(bundles.remove_exec(bundle, EXEC)) == Success(None)
        assert drive(bundles.pid(bundle, EXEC)) is None
        assert self.text_of(bundle, bundle_files.exec_spec(bundle, EXEC)) is None

    def test_an_exec_of_a_used_id_starts_without_the_former_ones_pid(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True))
        self.wrote_pid(bundle, EXEC, 42)
        assert drive(bundles.add_exec(bundle, EXEC, SPEC, terminal=True)) == Success(None)
        assert drive(bundles.pid(bundle, EXEC)) is None

    def test_evidence_is_what_can_be_read_of_what_is_asked_for(
        self, drive: Drive, bundles: Bundles, bundle: str
    ) -> None:
        config = bundle_files.config(bundle)
        log = bundle_files.runtime_log(bundle, None)
        found = drive(bundles.evidence((("runc's log", log), ("config.json", config))))
        assert [each.heading for each in found] == ["config.json"]
        assert json.loads(found[0].text) == CONFIG
