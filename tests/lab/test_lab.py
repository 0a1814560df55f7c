"""The lab itself: what every other test of the real engines relies on."""

import subprocess
from pathlib import Path

import pytest

from tests.lab.emulated import Emulated
from tests.lab.root import CommandFailedError, Root

SYSTEMD = {"bookworm": 252, "trixie": 257}
IMAGE = "docker.io/library/busybox:latest"


def test_each_generation_has_the_systemd_it_stands_for(engines: Root) -> None:
    assert engines.systemd_version >= SYSTEMD.get(engines.suite, 258)
    assert engines.run("systemctl", "is-active", "dbus", "containerd").returncode == 0


def test_containerd_runs_a_container_with_runc(engines: Root) -> None:
    # No cpu controller in the lab's cgroup v2: with shares to set, runc would fail.
    call = engines.run(
        *("ctr", "run", "--rm", "--cpu-shares", "0", IMAGE, "lab-hello"),
        # runc.v2 now and then loses the output of a program that ends at once.
        *("sh", "-c", "echo hello; sleep 1"),
    )
    assert (call.returncode, call.stdout) == (0, "hello\n")


def test_a_command_gets_its_input_and_gives_back_output_and_status(engines: Root) -> None:
    call = engines.run("sh", "-c", "cat; echo problem >&2; exit 3", input="typed")
    assert (call.returncode, call.stdout, call.stderr) == (3, "typed", "problem\n")
    with pytest.raises(CommandFailedError, match="ended with 3"):
        engines.run("sh", "-c", "exit 3", check=True)


def test_a_command_that_takes_too_long_is_ended_inside_too(engines: Root) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        engines.run("sleep", "4321", timeout=1)
    assert engines.run("pgrep", "--full", "^sleep 4321").stdout == ""


def test_a_process_that_is_left_running_ends_with_its_block(engines: Root) -> None:
    with engines.popen("sh", "-c", "echo ready; exec sleep 4322") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    assert engines.run("pgrep", "--full", "^sleep 4322").stdout == ""


def test_a_terminal_has_a_size_echoes_and_interrupts(engines: Root) -> None:
    with engines.pty("sh", rows=30, columns=100) as terminal:
        terminal.send("stty size\r")
        terminal.read_until("30 100")
        terminal.resize(40, 120)
        terminal.send("stty size\r")
        terminal.read_until("40 120")
        terminal.send("sh -c 'echo begun; exec sleep 4323'\r")
        terminal.read_until("begun\r\n")
        terminal.send("\x03")
        terminal.send("echo status $?\r")
        terminal.read_until("status 130")
        terminal.send("exit 9\r")
        assert terminal.wait() == 9


def test_the_host_sees_the_files_of_the_machine(engines: Root) -> None:
    engines.shell("echo written inside > /run/lab-note")
    assert engines.path("/run/lab-note").read_text() == "written inside\n"


def test_a_machine_is_the_root_of_its_cgroups_in_every_tree(engines: Root) -> None:
    places = engines.shell("cut -d: -f3 /proc/1/cgroup").split()
    assert set(places) <= {"/", "/init.scope"}


def test_the_sources_are_seen_inside_and_cannot_be_changed(engines: Root) -> None:
    assert engines.run("test", "-f", "/src/pyproject.toml").returncode == 0
    assert engines.run("touch", "/src/pyproject.toml").returncode != 0


def test_the_installed_project_has_one_name_in_site_packages(root: Root) -> None:
    python = "/opt/containerd-shim-systemd/bin/python"
    root.run(python, "-c", "import containerd_shim_systemd", check=True)
    assert (
        "No module named 'domain'"
        in root.run("env", "-C", "/", python, "-c", "import domain").stderr
    )


def test_tests_run_inside_with_the_machines_own_python(root: Root) -> None:
    call = root.pytest("--version")
    assert call.returncode == 0, call.stderr
    assert call.stdout.startswith("pytest ")


# Each boot takes about a minute; the findings boot trixie.
@pytest.mark.parametrize("emulated", ["bookworm"], indirect=True)
def test_the_emulated_machine_has_limits_on_cgroup_v2(emulated: Emulated, tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    probe.write_text(
        "#!/bin/sh -eu\n"
        "cat /sys/fs/cgroup/cgroup.controllers\n"
        f"ctr run -d --memory-limit 50331648 {IMAGE} limited sleep 1000\n"
        "cat /sys/fs/cgroup/default/limited/memory.max\n"
        "cat problem.txt >&2\n"
        "exit 7\n"
    )
    beside = tmp_path / "problem.txt"
    beside.write_text("seen inside\n")
    call = emulated.probe(probe, beside)
    assert call.returncode == 7, call.stderr
    controllers, limit = call.stdout.splitlines()
    assert {"cpu", "memory", "pids"} <= set(controllers.split())
    assert limit == "50331648"
    assert "seen inside" in call.stderr
