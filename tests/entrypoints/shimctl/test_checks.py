import os
import socket
from pathlib import Path

import pytest

from entrypoints import places
from entrypoints.shimctl.checks import cgroups, containerd, shim, systemd
from entrypoints.shimctl.checks.finding import Verdict

ALL_V1 = ("cpu", "cpuset", "blkio", "memory", "pids")


@pytest.mark.parametrize(
    ("pid_1", "text", "expected"),
    [
        ("systemd", "systemd 252 (252.30-1~deb12u2)\n+PAM", Verdict.OK),
        ("systemd", "systemd 262 (262)\n", Verdict.OK),
        ("systemd", "systemd 251 (251)\n", Verdict.FAIL),
        ("systemd", "", Verdict.FAIL),
        ("init", "systemd 257 (257)\n", Verdict.FAIL),
    ],
)
def test_systemd_is_pid_1_and_new_enough(pid_1: str, text: str, expected: Verdict) -> None:
    assert systemd.manager(pid_1, text).verdict is expected


def test_the_unified_layout_is_told_with_what_its_controllers_lack(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids misc\n")
    mounts = f"cgroup2 {tmp_path} cgroup2 rw 0 0\n"
    assert [each.verdict for each in cgroups.check(tmp_path, mounts)] == [Verdict.OK, Verdict.OK]
    (tmp_path / "cgroup.controllers").write_text("cpu pids\n")
    layout, controllers = cgroups.check(tmp_path, mounts)
    assert "v2" in layout.says
    assert controllers.verdict is Verdict.WARN
    assert controllers.says == "missing: cpuset, io, memory"


@pytest.mark.parametrize("is_hybrid", [True, False])
def test_the_old_layouts_are_told_apart(tmp_path: Path, is_hybrid: object) -> None:
    mounts = "".join(f"cgroup {tmp_path}/{name} cgroup rw 0 0\n" for name in ALL_V1)
    if is_hybrid:
        mounts += f"cgroup2 {tmp_path}/unified cgroup2 rw 0 0\n"
    layout, controllers = cgroups.check(tmp_path, f"tmpfs {tmp_path} tmpfs ro 0 0\n{mounts}")
    assert ("hybrid" in layout.says) is is_hybrid
    assert controllers.verdict is Verdict.OK


def test_a_machine_without_cgroups_cannot_run_containers(tmp_path: Path) -> None:
    (finding,) = cgroups.check(tmp_path, "proc /proc proc rw 0 0\n")
    assert finding.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("text", "verdict", "form"),
    [
        (
            "containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+b1",
            "OK",
            "plain text",
        ),
        ("containerd github.com/containerd/containerd/v2 2.1.9 abc", "OK", "plain text"),
        ("containerd github.com/containerd/containerd/v2 v2.3.3 abc", "OK", "BootstrapResult"),
        ("containerd github.com/containerd/containerd 1.5.11 abc", "FAIL", "1.5"),
        ("", "WARN", "does not tell"),
    ],
)
def test_the_version_of_containerd_decides_the_answer(text: str, verdict: str, form: str) -> None:
    found = containerd.version(text)
    assert found.verdict is Verdict[verdict]
    assert form in found.says


def test_the_launcher_is_looked_for_as_containerd_does(tmp_path: Path) -> None:
    bin_dir, beside = tmp_path / "bin", tmp_path / "containerd"
    bin_dir.mkdir()
    beside.mkdir()
    program = beside / "containerd"
    program.write_text("")
    assert containerd.launcher(str(bin_dir), program).verdict is Verdict.FAIL
    for folder in (beside, bin_dir):
        launcher = folder / places.BINARY
        launcher.write_text("#!/bin/sh\n")
        launcher.chmod(0o755)
        assert containerd.launcher(str(bin_dir), program).says == f"containerd finds {launcher}"


def test_a_socket_that_nobody_listens_on_is_no_containerd(tmp_path: Path) -> None:
    (finding,) = containerd.findings(str(tmp_path / "containerd.sock"))
    assert finding.verdict is Verdict.FAIL
    assert "nobody listens" in finding.says


@pytest.mark.parametrize(
    ("name", "state", "expected"),
    [
        (places.SOCKET_UNIT, {"ActiveState": "active", "UnitFileState": "enabled"}, Verdict.OK),
        (places.SOCKET_UNIT, {"ActiveState": "active", "UnitFileState": "disabled"}, Verdict.WARN),
        (places.SOCKET_UNIT, {"ActiveState": "inactive", "UnitFileState": "enabled"}, Verdict.FAIL),
        (places.SERVICE_UNIT, {"ActiveState": "inactive", "UnitFileState": "static"}, Verdict.OK),
        (places.SERVICE_UNIT, {"ActiveState": "failed", "Result": "watchdog"}, Verdict.FAIL),
        (places.SERVICE_UNIT, {"ActiveState": "active", "NeedDaemonReload": "yes"}, Verdict.WARN),
        (places.SERVICE_UNIT, {"LoadState": "not-found"}, Verdict.FAIL),
    ],
)
def test_the_socket_must_be_up_and_the_daemon_need_not(
    name: str, state: dict[str, str], expected: Verdict
) -> None:
    assert shim.unit(name, {"LoadState": "loaded", **state}).verdict is expected


def test_sockets_of_namespaces_are_tried(tmp_path: Path) -> None:
    (nothing,) = shim.sockets(tmp_path / "s")
    assert nothing.verdict is Verdict.OK
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "live"))
        listener.listen()
        (served,) = shim.sockets(tmp_path)
        assert (served.verdict, served.says) == (Verdict.OK, "served: live")
    (dead,) = shim.sockets(tmp_path)
    assert dead.verdict is Verdict.WARN
    assert "live" in dead.says


def test_an_old_python_and_a_user_who_is_not_root_are_told() -> None:
    assert shim.python((3, 10)).verdict is Verdict.FAIL
    assert shim.python((3, 11)).verdict is Verdict.OK
    assert shim.permissions(1000).verdict is Verdict.WARN
    assert shim.permissions(0).verdict is Verdict.OK


def test_every_failure_says_what_to_do() -> None:
    found = [
        systemd.manager("init", ""),
        shim.python((3, 10)),
        shim.unit(places.SOCKET_UNIT, {}),
        *containerd.findings(os.devnull),
    ]
    assert all(each.advice for each in found)


def test_a_daemon_of_another_installation_is_told() -> None:
    (finding,) = shim.daemon("new", "old")
    assert finding.verdict is Verdict.WARN
    assert [shim.daemon("new", "new"), shim.daemon("", "old"), shim.daemon("new", "")] == [[]] * 3
