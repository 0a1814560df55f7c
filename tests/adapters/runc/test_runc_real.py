"""The adapter against the OCI runtimes that this machine has: runc, and crun where it is there.

Needs root, cgroups that a runtime may write, and a static busybox: a lab root has them.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from returns.result import Failure, Success

from adapters.runc.oci_runtime import OciRuntime
from domain import runc_command
from domain.identity import ContainerId, ContainerKey, Namespace
from domain.limits import Seconds
from domain.ports.runc import RuncTarget
from domain.refusal import DeadlinePassed, RuncFailed
from domain.runc_command import Runtime, Setting
from tests.contracts.drive import Drive
from tests.contracts.runc_contract import LIMIT, RuncContract

# A cgroup below the one that this test itself runs in is not always writable, one of its own is.
CGROUP = "/containerd-shim-systemd-tests/container"
V2_AND_V1 = ("cgroup.procs", "memory/cgroup.procs")


def _cannot_run(binary: str) -> str:
    if os.geteuid() != 0:
        return "needs root"
    for program in (binary, "busybox"):
        if shutil.which(program) is None:
            return f"needs {program}"
    if not any(os.access(f"/sys/fs/cgroup/{where}", os.W_OK) for where in V2_AND_V1):
        return "needs writable cgroups"
    return ""


def _config() -> dict[str, object]:
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
    ]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {"uid": 0, "gid": 0},
            "args": ["/bin/busybox", "sleep", "1000"],
            "env": ["PATH=/bin"],
            "cwd": "/",
        },
        "root": {"path": "rootfs"},
        "hostname": "tested",
        "mounts": mounts,
        "linux": {
            "cgroupsPath": CGROUP,
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")],
        },
    }


class OnARealRuntime(RuncContract):
    binary = ""

    @pytest.fixture(autouse=True)
    def _can_run(self) -> None:
        if why := _cannot_run(self.binary):
            pytest.skip(why)

    @pytest.fixture
    def drive(self) -> Iterator[Drive]:
        with asyncio.Runner() as runner:
            yield runner.run

    @pytest.fixture
    def runc(self) -> OciRuntime:
        return OciRuntime(os.environ)

    @pytest.fixture
    def created(self, tmp_path: Path) -> Iterator[RuncTarget]:
        target = self._target(tmp_path)
        busybox = shutil.which("busybox")
        assert busybox is not None
        (tmp_path / "rootfs/bin").mkdir(parents=True)
        shutil.copy(busybox, tmp_path / "rootfs/bin/busybox")
        (tmp_path / "config.json").write_text(json.dumps(_config()))
        runtime = Runtime(target.binary, target.root, target.log, target.debug)
        setting = Setting(target.bundle, f"{target.bundle}/init.pid")
        create = runc_command.create(runtime, target.owner.container, setting, no_new_keyring=False)
        with (tmp_path / "said").open("wb") as said:
            made = subprocess.run(create, stdout=said, stderr=said, check=False, timeout=60)
        assert made.returncode == 0, (tmp_path / "said").read_text()
        yield target
        delete = runc_command.destroy(runtime, target.owner.container)
        subprocess.run(delete, check=False, capture_output=True, timeout=60)

    @pytest.fixture
    def unknown(self, tmp_path: Path) -> RuncTarget:
        return self._target(tmp_path)

    def _target(self, folder: Path) -> RuncTarget:
        owner = ContainerKey(Namespace("tests"), ContainerId(f"tested-{os.getpid()}"))
        return RuncTarget(
            owner, self.binary, f"{folder}/state", str(folder), f"{folder}/log.json", debug=False
        )

    def test_a_killed_container_stops_and_has_neither_pid_nor_processes(
        self, drive: Drive, runc: OciRuntime, created: RuncTarget
    ) -> None:
        drive(runc.start(created, LIMIT))
        pidfd = os.pidfd_open(int(Path(created.bundle, "init.pid").read_text()))
        assert drive(runc.kill(created, 9, LIMIT)) == Success(None)
        drive(_end_of(pidfd))
        state = self._state(drive, runc, created)
        assert (state.status, state.pid) == ("stopped", 0)

    def test_a_running_container_is_signalled_as_a_whole(
        self, drive: Drive, runc: OciRuntime, created: RuncTarget
    ) -> None:
        drive(runc.start(created, LIMIT))
        pidfd = os.pidfd_open(int(Path(created.bundle, "init.pid").read_text()))
        assert drive(runc.kill_all(created, 9, LIMIT)) == Success(None)
        drive(_end_of(pidfd))

    def test_an_update_reads_its_resources_from_its_standard_input(
        self, drive: Drive, runc: OciRuntime, created: RuncTarget
    ) -> None:
        nonsense = drive(runc.update(created, b"no json", LIMIT))
        assert isinstance(nonsense, Failure)
        match nonsense.failure():
            case RuncFailed(command="update", reason=reason):
                assert reason
            case other:
                pytest.fail(f"{other}")
        assert drive(runc.update(created, b"{}", LIMIT)) == Success(None)

    def test_a_limit_that_passes_is_told_from_a_refusal(
        self, drive: Drive, runc: OciRuntime, created: RuncTarget
    ) -> None:
        late = drive(runc.start(created, Seconds(0)))
        assert late.failure() == DeadlinePassed(f"{self.binary} start", 0)


async def _end_of(pidfd: int) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(pidfd, ended.set_result, None)
    async with asyncio.timeout(30):
        await ended
    loop.remove_reader(pidfd)
    os.close(pidfd)


class TestRunc(OnARealRuntime):
    binary = "runc"


class TestCrun(OnARealRuntime):
    binary = "crun"
