"""Paused containers: seen as such, killed without a resume, and going on as if nothing had been."""

import asyncio
import signal

from adapters.messages import process_pb2, task_pb2
from tests.lab.containerd_events import Event, listening
from tests.lab.containers import PATIENCE_SECONDS, Containers
from tests.lab.root import InsideProcess, Root
from tests.lab.shim_client import shim_client

ANSWERS = "echo up; read x; echo got $x; exit 5"


def test_a_paused_container_that_is_killed_ends_without_a_resume(containers: Containers) -> None:
    with listening(containers.root) as events:
        # The program would catch what can be caught, so that only KILL explains its end.
        script = "trap 'exit 1' TERM; echo up; sleep 1000 & wait"
        with containers.popen("pkill", "sh", "-c", script) as ctr:
            assert line(ctr) == "up\n"
            pause(containers, "pkill")
            assert containers.status("pkill") == "PAUSED"
            assert is_frozen(containers.root, containers.pid("pkill"))
            containers.kill("pkill")
            assert ctr.wait(PATIENCE_SECONDS) == 137
        told = events.of(containers.id("pkill"))
    assert topics(told) == ["create", "start", "paused", "exit", "delete"]
    assert [event.fields["exit_status"] for event in told[3:]] == [137, 137]


def test_a_kill_of_a_paused_container_ends_its_execs_too(containers: Containers) -> None:
    with listening(containers.root) as events:
        containers.start("pboth", "sleep", "1000")
        command = containers.exec_command("pboth", "x", "sh", "-c", ANSWERS)
        with containers.root.popen(*command) as ctr:
            assert line(ctr) == "up\n"
            pause(containers, "pboth")
            containers.kill("pboth")
            assert ctr.wait(PATIENCE_SECONDS) == 137
        containers.wait("pboth")
        assert containers.delete("pboth") == 137
        told = events.of(containers.id("pboth"))
    assert topics(told) == [
        *("create", "start", "exec-added:x", "exec-started:x", "paused"),
        *("exit:x", "exit", "delete"),
    ]


def test_a_paused_container_can_be_deleted_by_force(containers: Containers) -> None:
    containers.sleep("pforce")
    pause(containers, "pforce")
    containers.ctr("tasks", "delete", "--force", containers.id("pforce"))
    assert containers.id("pforce") not in containers.ctr("tasks", "ls").stdout
    containers.ctr("containers", "rm", containers.id("pforce"))


def test_a_signal_that_can_be_caught_waits_for_the_resume(containers: Containers) -> None:
    with containers.popen(
        "pterm", "sh", "-c", "trap 'exit 7' TERM; echo up; sleep 1000 & wait"
    ) as ctr:
        assert line(ctr) == "up\n"
        pause(containers, "pterm")
        containers.kill("pterm", "TERM")
        assert containers.status("pterm") == "PAUSED"
        assert is_frozen(containers.root, containers.pid("pterm"))
        resume(containers, "pterm")
        assert ctr.wait(PATIENCE_SECONDS) == 7


def test_an_exec_stands_still_with_its_container_and_goes_on_with_it(
    containers: Containers,
) -> None:
    containers.sleep("pexec")
    with containers.root.popen(*containers.exec_command("pexec", "x", "sh", "-c", ANSWERS)) as ctr:
        assert line(ctr) == "up\n"
        pause(containers, "pexec")
        pids = containers.ctr("tasks", "ps", containers.id("pexec")).stdout.split("\n")[1:]
        frozen = [is_frozen(containers.root, int(row.split()[0])) for row in pids if row]
        assert len(frozen) == 3
        assert all(frozen)
        type_in(ctr, "typed meanwhile\n")
        resume(containers, "pexec")
        assert line(ctr) == "got typed meanwhile\n"
        assert ctr.wait(PATIENCE_SECONDS) == 5
    assert containers.status("pexec") == "RUNNING"
    assert not is_frozen(containers.root, containers.pid("pexec"))
    assert containers.exec("pexec", "after", "echo", "well").stdout == "well\n"


def test_a_paused_container_takes_no_exec_and_says_why(containers: Containers) -> None:
    containers.sleep("pnone")
    pause(containers, "pnone")
    refused = containers.exec("pnone", "x", "true")
    assert refused.returncode == 1
    assert "cannot exec in a paused state" in refused.stderr
    resume(containers, "pnone")
    assert containers.exec("pnone", "x", "true").returncode == 0


def test_what_is_paused_is_shown_so_and_a_killed_exec_thaws_nobody_else(
    containers: Containers,
) -> None:
    async def scenario() -> None:
        async with shim_client(containers.root, containers.mark) as client:
            pid = await client.run("pstate", "sleep", "1000")
            await client.exec("pstate", "x", "sleep", "1000")
            request = task_pb2.PauseRequest(id=client.id("pstate"))
            await client.call("Pause", request, task_pb2.PauseRequest)
            for exec_id in ("", "x"):
                state = await client.state("pstate", exec_id)
                assert state.status == process_pb2.PAUSED
            await client.kill("pstate", signal.SIGKILL, "x")
            assert is_frozen(containers.root, pid)
            assert (await client.state("pstate")).status == process_pb2.PAUSED
            resumed = task_pb2.ResumeRequest(id=client.id("pstate"))
            await client.call("Resume", resumed, task_pb2.ResumeRequest)
            assert (await client.wait("pstate", "x")).exit_status == 137
            assert (await client.state("pstate")).status == process_pb2.RUNNING
            container = client.id("pstate")
            await client.sink.until(container, "exit:x")
            # On cgroup v2 even a frozen exec dies at once, on v1 at the resume.
            told = [topic for topic in client.sink.topics(container) if topic != "exit:x"]
            assert told == [
                *("create", "start", "exec-added:x", "exec-started:x", "paused", "resumed"),
            ]

    asyncio.run(scenario())


def pause(containers: Containers, word: str) -> None:
    containers.ctr("tasks", "pause", containers.id(word))


def resume(containers: Containers, word: str) -> None:
    containers.ctr("tasks", "resume", containers.id(word))


def is_frozen(root: Root, pid: int) -> bool:
    """What the kernel says of the cgroup that a process is in."""
    rows = root.shell(f"cat /proc/{pid}/cgroup").splitlines()
    paths = {controllers: path for _, controllers, path in (row.split(":", 2) for row in rows)}
    # The kernel names the host's freezer, too, on machines that do not have it.
    v1 = f"/sys/fs/cgroup/freezer{paths.get('freezer', '')}/freezer.state"
    if root.path(v1).exists():
        return root.shell(f"cat {v1}") == "FROZEN"
    return "frozen 1" in root.shell(f"cat /sys/fs/cgroup{paths['']}/cgroup.events").splitlines()


def topics(events: list[Event]) -> list[str]:
    return [event.short for event in events]


def line(process: InsideProcess) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def type_in(process: InsideProcess, text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()
