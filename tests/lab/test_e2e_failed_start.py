"""A container that cannot start: runc's reason for the client, and nothing left behind."""

from concurrent.futures import ThreadPoolExecutor

from tests.lab.containers import Containers
from tests.lab.leftovers import left_behind, traces

MISSING = "there-is-no-such-program"


def test_a_missing_binary_is_told_in_runcs_words_and_leaves_nothing(
    containers: Containers,
) -> None:
    before = traces(containers.root)
    ran = containers.run("nobin", MISSING)
    assert ran.returncode == 1
    assert "OCI runtime create failed" in ran.stderr
    assert f'exec: "{MISSING}": executable file not found in $PATH' in ran.stderr
    # Before anything is cleaned up: containerd has only its own record of the container.
    assert left_behind(containers.root, before) == []
    assert containers.id("nobin") not in containers.ctr("tasks", "ls").stdout


def test_a_failed_container_can_be_started_again_under_the_same_id(
    containers: Containers,
) -> None:
    for _ in range(3):
        assert containers.run("retry", MISSING).returncode == 1
        containers.remove_all()
    assert containers.run("retry", "echo", "better").stdout == "better\n"


def test_many_failures_at_once_leave_nothing(containers: Containers) -> None:
    before = traces(containers.root)
    for number in range(5):
        containers.start(f"good{number}", "sleep", "1000")
    running = traces(containers.root)
    with ThreadPoolExecutor(10) as threads:
        ran = [threads.submit(containers.run, f"bad{n}", MISSING) for n in range(10)]
        for each in ran:
            assert MISSING in each.result().stderr
    assert left_behind(containers.root, running) == []
    for number in range(5):
        assert containers.status(f"good{number}") == "RUNNING"
        containers.kill(f"good{number}")
        containers.wait(f"good{number}")
        assert containers.delete(f"good{number}") == 137
    assert left_behind(containers.root, before) == []


def test_a_working_folder_that_cannot_be_made_is_runcs_reason_too(
    containers: Containers,
) -> None:
    ran = containers.run("cwd", "true", options=("--cwd", "/etc/passwd/below"))
    assert ran.returncode == 1
    assert "OCI runtime create failed" in ran.stderr
    assert "not a directory" in ran.stderr


def test_a_program_that_may_not_be_run_is_told_as_such(containers: Containers) -> None:
    ran = containers.run("noexec", "/etc")
    assert ran.returncode == 1
    assert "permission denied" in ran.stderr or "is a directory" in ran.stderr


def test_without_the_daemons_socket_the_reason_says_what_to_do(containers: Containers) -> None:
    root = containers.root
    units = ("containerd-shim-systemd.socket", "containerd-shim-systemd.service")
    root.run("systemctl", "stop", *units, check=True)
    try:
        ran = containers.run("nodaemon", "true")
    finally:
        root.run("systemctl", "start", *units, check=True)
    assert ran.returncode == 1
    assert "shimctl install" in ran.stderr
    containers.remove_all()
    # What stays for good after the first container is made anew by this one.
    assert containers.run("warm", "true").returncode == 0


def test_a_mount_without_a_source_is_runcs_reason_and_leaves_nothing(
    containers: Containers,
) -> None:
    before = traces(containers.root)
    mount = "type=bind,src=/there/is/nothing,dst=/x,options=rbind"
    ran = containers.run("nomount", "true", options=("--mount", mount))
    assert ran.returncode == 1
    assert "/there/is/nothing" in ran.stderr
    assert left_behind(containers.root, before) == []
