"""The launcher as a process; on cgroup v2 under the real systemd, which the lab has."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from adapters.systemd.host import PROGRAMS, UNIFIED

LAUNCHER: Final = [sys.executable, "-IS", str(PROGRAMS / "subgroup.py")]
HAS_SYSTEMD: Final = os.geteuid() == 0 and Path("/run/systemd/system").is_dir()


def as_unit(*command: str) -> str:
    """What a command prints as the main process of a delegated unit."""
    shown = subprocess.run(
        ["systemd-run", "--quiet", "--pipe", "--wait", "--property=Delegate=yes", *command],
        check=True,
        capture_output=True,
        text=True,
    )
    return shown.stdout


@pytest.mark.skipif(
    not (HAS_SYSTEMD and UNIFIED.exists()), reason="needs root, systemd and cgroup v2"
)
def test_on_cgroup_v2_the_command_runs_below_its_units_cgroup() -> None:
    shown = as_unit(*LAUNCHER, "runc", "--", "cat", "/proc/self/cgroup")
    (unified,) = [line for line in shown.splitlines() if line.startswith("0::")]
    assert unified.endswith(".service/runc")


@pytest.mark.skipif(not HAS_SYSTEMD or UNIFIED.exists(), reason="needs root, systemd and cgroup v1")
def test_on_cgroup_v1_the_command_stays_in_its_units_cgroup() -> None:
    shown = as_unit(*LAUNCHER, "runc", "--", "cat", "/proc/self/cgroup")
    (named,) = [line for line in shown.splitlines() if ":name=systemd:" in line]
    assert named.endswith(".service")


@pytest.mark.skipif(UNIFIED.exists(), reason="would leave a cgroup behind")
def test_it_becomes_the_command_with_all_arguments_and_no_signal_ignored() -> None:
    command = ["/bin/sh", "-c", 'echo "$@"; exec grep SigIgn /proc/self/status', "x", "a b", "--"]
    shown = subprocess.run([*LAUNCHER, "runc", "--", *command], check=True, capture_output=True)
    first, second = shown.stdout.splitlines()
    assert first == b"a b --"
    assert int(second.split()[1], 16) == 0


@pytest.mark.parametrize("arguments", [[], ["runc"], ["runc", "--"], ["runc", "true", "x"]])
def test_it_refuses_to_guess_its_arguments(arguments: list[str]) -> None:
    refused = subprocess.run([*LAUNCHER, *arguments], check=False, capture_output=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith(b"usage")


def test_it_imports_next_to_nothing() -> None:
    shown = subprocess.run(
        [sys.executable, "-IS", "-X", "importtime", PROGRAMS / "subgroup.py"],
        check=False,
        capture_output=True,
        text=True,
    )
    loaded = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert not loaded & {"ctypes", "enum", "re", "signal", "socket", "subprocess", "typing"}
