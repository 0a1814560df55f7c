"""An administrator's view: systemctl shows a container, and ends it without a false status."""

import asyncio
from typing import Final

import pytest

from tests.lab.containerd_events import listening
from tests.lab.containers import Containers
from tests.lab.shim_client import daemon_away, shim_client

# busybox's shell runs a trap between two commands, or while it waits.
CATCHES_TERM: Final = "trap 'exit 7' TERM; echo up; sleep 1000 & wait"
ENDS_WELL: Final = "trap 'exit 0' TERM; echo up; sleep 1000 & wait"
# A pid 1 without a handler ignores TERM; after the unit's own limit comes KILL.
IGNORES_TERM: Final = "echo up; exec sleep 1000"
CATCHES_USR1: Final = "trap 'exit 9' USR1; echo up; sleep 1000 & wait"


def test_status_shows_the_processes_of_the_container(containers: Containers) -> None:
    containers.start("shown", "sh", "-c", "sleep 1234 & wait")
    shown = _status_that_shows(containers, containers.unit("shown"), "sleep 1234")
    assert "active (running)" in shown
    assert f"Main PID: {containers.pid('shown')} (sh)" in shown
    command = containers.exec_command("shown", "x", "sh", "-c", "echo up; exec sleep 4321")
    with containers.root.popen(*command) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        # An exec's processes are the container's: they lie in its cgroup.
        shown = _status_that_shows(containers, containers.unit("shown"), "sleep 4321")
        assert "sleep 1234" in shown
        containers.kill("shown")
        assert ctr.wait(60) == 137


@pytest.mark.parametrize(
    ("script", "status"), [(CATCHES_TERM, 7), (ENDS_WELL, 0), (IGNORES_TERM, 137)]
)
def test_stop_ends_the_task_with_the_programs_status(
    containers: Containers, script: str, status: int
) -> None:
    with listening(containers.root) as events:
        with containers.popen("stop", "sh", "-c", script) as ctr:
            assert ctr.stdout is not None
            assert ctr.stdout.readline() == "up\n"
            _systemctl(containers, "stop", containers.unit("stop"))
            assert ctr.wait(60) == status
        told = events.of(containers.id("stop"))
    assert [event.short for event in told] == ["create", "start", "exit", "delete"]
    assert [event.fields.get("exit_status", 0) for event in told[2:]] == [status, status]


@pytest.mark.parametrize("whom", ["main", "all"])
@pytest.mark.parametrize(
    ("signal", "script", "status"),
    [
        ("KILL", IGNORES_TERM, 137),
        ("TERM", CATCHES_TERM, 7),
        ("TERM", ENDS_WELL, 0),
        ("USR1", CATCHES_USR1, 9),
    ],
)
def test_kill_ends_the_task_with_the_programs_status(
    containers: Containers, signal: str, script: str, status: int, whom: str
) -> None:
    with containers.popen("kill", "sh", "-c", script) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        _systemctl(containers, "kill", f"--kill-whom={whom}", "-s", signal, containers.unit("kill"))
        assert ctr.wait(60) == status


def test_a_signal_that_the_program_does_not_end_by_leaves_the_task_running(
    containers: Containers,
) -> None:
    script = "trap 'echo heard' USR1; echo up; while :; do sleep 1000 & wait; done"
    with containers.popen("heard", "sh", "-c", script) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        unit = containers.unit("heard")
        _systemctl(containers, "kill", "--kill-whom=main", "-s", "USR1", unit)
        assert ctr.stdout.readline() == "heard\n"
        assert containers.status("heard") == "RUNNING"
        _systemctl(containers, "kill", "--kill-whom=main", "-s", "KILL", unit)
        assert ctr.wait(60) == 137


def test_stop_of_an_execs_unit_ends_the_exec_alone(containers: Containers) -> None:
    containers.sleep("xstop")
    # The exec leaves its child behind in the container; ctr would wait for an end of its output.
    script = CATCHES_TERM.replace("sleep 1000", "sleep 1000 >/dev/null 2>&1")
    command = containers.exec_command("xstop", "one", "sh", "-c", script)
    with containers.root.popen(*command) as ctr:
        assert ctr.stdout is not None
        assert ctr.stdout.readline() == "up\n"
        unit = containers.unit("xstop").replace("-init.service", "-one-exec.service")
        _systemctl(containers, "stop", unit)
        assert ctr.wait(60) == 7
    assert containers.status("xstop") == "RUNNING"


def test_a_stop_while_the_daemon_is_down_is_told_once_it_is_back(containers: Containers) -> None:
    ends = {
        "fails": (CATCHES_TERM, {7}),
        # systemd forgets a unit that was stopped and ended well, with its status: then the
        # answer is the documented unknown, 255 (docs/decisions, 0009).
        "well": (ENDS_WELL, {0, 255}),
        "killed": (IGNORES_TERM, {137}),
    }

    async def scenario() -> None:
        async with shim_client(containers.root, containers.mark) as client:
            for word, (script, _) in ends.items():
                await client.up(word, script)
            async with daemon_away(containers.root):
                units = map(client.unit, ends)
                await asyncio.to_thread(_systemctl, containers, "stop", *units)
            for word, (_, possible) in ends.items():
                assert (await client.ended(word)).exit_status in possible
                await client.sink.until(client.id(word), "delete")
                assert client.sink.topics(client.id(word))[-2:] == ["exit", "delete"]

    asyncio.run(scenario())


def test_a_program_that_fails_is_no_success_if_systemd_forgets_it_unseen(
    containers: Containers,
) -> None:
    async def scenario() -> None:
        async with shim_client(containers.root, containers.mark) as client:
            await client.up("false0", "trap 'exit 143' TERM; echo up; sleep 1000 & wait")
            unit = client.unit("false0")
            async with daemon_away(containers.root):
                await asyncio.to_thread(_systemctl, containers, "stop", unit)
                await asyncio.to_thread(_systemctl, containers, "reset-failed", unit)
            assert (await client.ended("false0")).exit_status == 255

    asyncio.run(scenario())


def test_a_kill_while_the_daemon_is_down_is_told_as_it_was(containers: Containers) -> None:
    ends = {
        "killed": ("KILL", IGNORES_TERM, 137),
        "seven": ("TERM", CATCHES_TERM, 7),
        "nought": ("TERM", ENDS_WELL, 0),
        "nine": ("USR1", CATCHES_USR1, 9),
    }

    async def scenario() -> None:
        async with shim_client(containers.root, containers.mark) as client:
            for word, (_, script, _) in ends.items():
                await client.up(word, script)
            async with daemon_away(containers.root):
                for word, (signal, _, _) in ends.items():
                    whom = ("--kill-whom=main", "-s", signal, client.unit(word))
                    await asyncio.to_thread(_systemctl, containers, "kill", *whom)
            for word, (_, _, status) in ends.items():
                assert (await client.ended(word)).exit_status == status, word

    asyncio.run(scenario())


def _systemctl(containers: Containers, *argv: str) -> None:
    containers.root.run("systemctl", *argv, check=True)


def _status_that_shows(containers: Containers, unit: str, process: str) -> str:
    """What `systemctl status` says once the shell in the container has come as far as its child."""
    return containers.root.shell(
        f"for i in $(seq 300); do systemctl status --full {unit} >/tmp/status\n"
        f"grep -q '{process}$' /tmp/status && exec cat /tmp/status; sleep 0.1; done; exit 1"
    )
