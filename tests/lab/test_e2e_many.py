"""Many containers at once, and one id in two namespaces: nobody is taken for another."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.lab.containerd_events import Event, listening
from tests.lab.containers import LIFETIME, PATIENCE_SECONDS, Containers
from tests.lab.root import InsideProcess

AT_ONCE = 20
WORDS = [f"at{number}" for number in range(AT_ONCE)]


def test_twenty_lives_at_once_have_their_own_output_status_and_events(
    containers: Containers,
) -> None:
    def life(number: int) -> tuple[int, str, str]:
        script = f"echo out {number}; echo err {number} >&2; exit {number}"
        ran = containers.run(WORDS[number], "sh", "-c", script)
        return ran.returncode, ran.stdout, ran.stderr

    numbers = range(AT_ONCE)
    with listening(containers.root) as events:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            ended = list(threads.map(life, numbers))
        assert ended == [(n, f"out {n}\n", f"err {n}\n") for n in numbers]
        for number, word in enumerate(WORDS):
            check_life(events.of(containers.id(word)), number)


def test_twenty_containers_run_at_one_time_and_end_each_for_itself(containers: Containers) -> None:
    with listening(containers.root) as events:
        with ExitStack() as stack:
            ctrs = [
                stack.enter_context(containers.popen(word, "sh", "-c", waiting(number)))
                for number, word in enumerate(WORDS)
            ]
            for number, ctr in enumerate(ctrs):
                assert line(ctr) == f"up {number}\n"
            listed = containers.ctr("tasks", "ls").stdout.splitlines()
            rows = {row.split()[0]: row.split()[1:] for row in listed}
            shown = [rows[containers.id(word)] for word in WORDS]
            assert [status for _, status in shown] == ["RUNNING"] * AT_ONCE
            pids = [int(pid) for pid, _ in shown]
            assert len(set(pids)) == AT_ONCE
            assert [main_pid(containers, word) for word in WORDS] == pids
            # All at one moment: one signal to each, from one process.
            containers.root.run("kill", "-TERM", *map(str, pids), check=True)
            for number, ctr in enumerate(ctrs):
                assert line(ctr) == f"bye {number}\n"
                assert ctr.wait(PATIENCE_SECONDS) == number
        for number, word in enumerate(WORDS):
            check_life(events.of(containers.id(word)), number)


@pytest.fixture(scope="session")
def elsewhere(used: Containers) -> Containers:
    """A second namespace after its first container: the daemon has its socket already."""
    there = Containers(used.root, used.mark, namespace="k8s.io")
    there.run("first", "true").check_returncode()
    return there


# `elsewhere` before `containers`, which takes what is there before the test for granted.
def test_one_id_in_two_namespaces_is_two_containers(
    elsewhere: Containers, containers: Containers
) -> None:
    here, there = containers, elsewhere
    assert here.id("twin") == there.id("twin")
    assert here.unit("twin") != there.unit("twin")
    with listening(here.root) as events:
        with (
            here.popen("twin", "sh", "-c", waiting(3)) as one,
            there.popen("twin", "sh", "-c", waiting(4)) as two,
        ):
            assert (line(one), line(two)) == ("up 3\n", "up 4\n")
            assert (here.status("twin"), there.status("twin")) == ("RUNNING", "RUNNING")
            assert here.pid("twin") != there.pid("twin")
            assert main_pid(here, "twin") == here.pid("twin")
            assert main_pid(there, "twin") == there.pid("twin")
            assert here.exec("twin", "x", "sh", "-c", "echo here; exit 5").returncode == 5
            assert there.exec("twin", "x", "sh", "-c", "echo there").stdout == "there\n"
            here.kill("twin", "TERM")
            assert (line(one), one.wait(PATIENCE_SECONDS)) == ("bye 3\n", 3)
            # The one is deleted, with everything that has its name; the other has not noticed.
            assert there.status("twin") == "RUNNING"
            assert main_pid(there, "twin") == there.pid("twin")
            assert there.exec("twin", "x", "echo", "still there").stdout == "still there\n"
            there.kill("twin", "TERM")
            assert (line(two), two.wait(PATIENCE_SECONDS)) == ("bye 4\n", 4)
        told = events.of(here.id("twin"))
    execs = ("exec-added:x", "exec-started:x", "exit:x")
    assert topics(told, here) == ["create", "start", *execs, "exit", "delete"]
    assert topics(told, there) == ["create", "start", *execs, *execs, "exit", "delete"]
    assert statuses(told, here) == [5, 3, 3]
    assert statuses(told, there) == [0, 0, 4, 4]


def test_a_stopped_twin_is_deleted_alone(elsewhere: Containers, containers: Containers) -> None:
    here, there = containers, elsewhere
    for twin in (here, there):
        twin.sleep("det")
    there.kill("det")
    there.wait("det")
    assert here.status("det") == "RUNNING"
    assert there.delete("det") == 137
    assert here.status("det") == "RUNNING"
    # The free name is used again beside the one that has run all the time.
    there.sleep("det")
    here.kill("det", "TERM")
    here.wait("det")
    assert here.delete("det") == 0
    assert there.status("det") == "RUNNING"


def waiting(number: int) -> str:
    """A script that says so when TERM ends it."""
    return (
        f"trap 'echo bye {number}; exit {number}' TERM; echo up {number}; sleep {LIFETIME} & wait"
    )


def check_life(told: list[Event], status: int) -> None:
    assert [event.short for event in told] == ["create", "start", "exit", "delete"]
    assert [event.fields.get("exit_status", 0) for event in told[2:]] == [status, status]
    assert len({event.fields["pid"] for event in told}) == 1


def topics(told: list[Event], containers: Containers) -> list[str]:
    return [event.short for event in told if event.namespace == containers.namespace]


def statuses(told: list[Event], containers: Containers) -> list[int]:
    """Of each exit and delete in this namespace, in the order in which they were told."""
    return [
        int(event.fields.get("exit_status", 0))
        for event in told
        if event.namespace == containers.namespace
        and event.topic in {"/tasks/exit", "/tasks/delete"}
    ]


def main_pid(containers: Containers, word: str) -> int:
    """The pid that systemd has for the container's unit."""
    unit = containers.unit(word)
    return int(containers.root.shell(f"systemctl show --value -p MainPID {unit}"))


def line(process: InsideProcess) -> str:
    assert process.stdout is not None
    return process.stdout.readline()
