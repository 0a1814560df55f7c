"""`ctr run --rm` through containerd: output and exit status are the container's own."""

import pytest

from tests.lab.containers import LIFETIME, Containers


@pytest.mark.parametrize("status", [0, 1, 42, 127])
def test_ctr_run_prints_the_output_and_returns_the_status(
    containers: Containers, status: int
) -> None:
    ran = containers.run("says", "sh", "-c", f"echo out; echo err >&2; exit {status}")
    assert (ran.returncode, ran.stdout, ran.stderr) == (status, "out\n", "err\n")


def test_a_container_killed_from_outside_by_9_has_137(containers: Containers) -> None:
    with containers.popen("k9", "sh", "-c", f"echo ready; exec sleep {LIFETIME}") as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "ready\n"
        containers.root.run("kill", "-9", str(containers.pid("k9")), check=True)
        assert ctr.wait(60) == 137


def test_a_container_that_handles_15_has_the_status_it_chose(containers: Containers) -> None:
    script = f"trap 'echo handled; exit 7' TERM; echo ready; sleep {LIFETIME} & wait"
    with containers.popen("k15", "sh", "-c", script) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "ready\n"
        containers.root.run("kill", "-15", str(containers.pid("k15")), check=True)
        assert ctr.stdout.readline() == "handled\n"
        assert ctr.wait(60) == 7


def test_ctr_kill_reaches_the_container_too(containers: Containers) -> None:
    script = f"trap 'exit 9' TERM; echo ready; sleep {LIFETIME} & wait"
    with containers.popen("ck15", "sh", "-c", script) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "ready\n"
        containers.kill("ck15", "TERM")
        assert ctr.wait(60) == 9


def test_the_output_of_a_container_that_ends_at_once_is_complete(containers: Containers) -> None:
    script = "dd if=/dev/zero bs=1024 count=1024 2>/dev/null | tr '\\0' x; echo; echo end"
    ran = containers.run("burst", "sh", "-c", script)
    assert ran.stdout == "x" * 1024 * 1024 + "\nend\n"
    for _ in range(20):
        assert containers.run("quick", "echo", "all of it").stdout == "all of it\n"


def test_an_id_can_be_used_again_at_once(containers: Containers) -> None:
    statuses = [containers.run("again", "sh", "-c", f"exit {n}").returncode for n in range(10)]
    assert statuses == list(range(10))
