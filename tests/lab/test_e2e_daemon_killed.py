"""The daemon is killed while containers run, and its client comes back as soon as it does.

What containerd makes of a lost connection is another test's (test_e2e_shim_death.py).
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

from adapters.messages import process_pb2, task_pb2
from adapters.ttrpc import ConnectionLost
from tests.lab.containers import PATIENCE_SECONDS, Containers, kill_daemon
from tests.lab.fifos import Fifos, read_to_end, reading
from tests.lab.shim_client import ShimClient, daemon_away, play

SIGKILL: Final = 9
SIGUSR1: Final = 10
EMPTY: Final = task_pb2.PauseRequest  # Pause and Resume answer nothing, which any message reads


def ends_with(status: int) -> str:
    """A script that ends so when it is sent USR1."""
    return f"trap 'exit {status}' USR1; echo up; sleep 1000 & wait"


def test_exits_while_the_daemon_is_away_are_told_as_systemd_saw_them(
    containers: Containers,
) -> None:
    ends = {
        "seven": (SIGUSR1, ends_with(7), 7),
        "nought": (SIGUSR1, ends_with(0), 0),
        "killed": (SIGKILL, ends_with(1), 137),
    }

    async def scenario(client: ShimClient) -> None:
        pids = {word: await client.up(word, script) for word, (_, script, _) in ends.items()}
        waiting = [asyncio.ensure_future(client.wait(word)) for word in ends]
        async with daemon_away(client.root):
            for lost in await asyncio.gather(*waiting, return_exceptions=True):
                assert isinstance(lost, ConnectionLost)
            for word, (signal, _, _) in ends.items():
                await hit(client, signal, pids[word])
            seen = {word: await seen_by_systemd(client, client.unit(word)) for word in ends}
        for word, (_, _, status) in ends.items():
            ended = await client.ended(word)
            assert (ended.pid, ended.exit_status) == (pids[word], status)
            assert ended.exited_at.ToDatetime(UTC) == seen[word]
            await told_once(client, word)

    play(containers, scenario)


def test_exits_of_execs_while_the_daemon_is_away_are_told_right_and_so_are_later_ones(
    containers: Containers,
) -> None:
    ends = {"x3": (SIGUSR1, 3), "x0": (SIGUSR1, 0), "xkilled": (SIGKILL, 137)}
    later = {"x4": (SIGUSR1, 4), "xlost": (SIGKILL, 137)}

    async def scenario(client: ShimClient) -> None:
        init = await client.up("host", ends_with(5))
        pids = {
            exec_id: await client.up("host", ends_with(status), exec_id)
            for exec_id, (_, status) in {**ends, **later}.items()
        }
        async with daemon_away(client.root):
            for exec_id, (signal, _) in ends.items():
                await hit(client, signal, pids[exec_id])
            for exec_id in ends:
                await seen_by_systemd(client, client.unit("host", exec_id))
        for exec_id, (_, status) in ends.items():
            ended = await client.ended("host", exec_id)
            assert (ended.pid, ended.exit_status) == (pids[exec_id], status)
        for exec_id, (signal, status) in later.items():
            running = await client.state("host", exec_id)
            assert (running.pid, running.status) == (pids[exec_id], process_pb2.RUNNING)
            await hit(client, signal, pids[exec_id])
            assert (await client.ended("host", exec_id)).exit_status == status
        await hit(client, SIGUSR1, init)
        assert (await client.ended("host")).exit_status == 5
        await told_once(client, "host", *ends, *later)

    play(containers, scenario)


def test_an_exit_that_was_told_before_is_the_same_afterwards(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        await hit(client, SIGUSR1, await client.up("early", ends_with(6)))
        before = await client.wait("early")
        await client.sink.until(client.id("early"), "exit")
        await kill_and_await(client, "early")
        after = await client.ended("early")
        assert (after.exit_status, after.exited_at) == (before.exit_status, before.exited_at)
        assert after.exit_status == 6

    play(containers, scenario)


def test_containers_and_execs_live_on_through_a_daemon_that_is_killed_three_times(
    containers: Containers,
) -> None:
    script = "trap 'echo heard' USR1; echo up; while :; do sleep 1000 & wait; done"

    async def scenario(client: ShimClient) -> None:
        stdio = Fifos.made(client.root, "lives").stdout_alone()
        async with reading(stdio.open_to_read("stdout")) as output:
            init = await client.run("lives", "sh", "-c", script, stdio=stdio)
            assert await output.readline() == b"up\n"
            running = await client.up("lives", ends_with(3), "x")
            for number in range(3):
                await kill_and_await(client, "lives")
                for exec_id, pid in (("", init), ("x", running)):
                    state = await client.state("lives", exec_id)
                    assert (state.pid, state.status) == (pid, process_pb2.RUNNING)
                await hit(client, SIGUSR1, init)
                assert await output.readline() == b"heard\n"
                await client.exec("lives", f"new{number}", "sh", "-c", f"exit {number}")
                assert (await client.ended("lives", f"new{number}")).exit_status == number
            await client.kill("lives", SIGUSR1, "x")
            assert (await client.ended("lives", "x")).exit_status == 3
            await client.kill("lives", SIGKILL)
            assert (await client.ended("lives")).exit_status == 137
            assert await output.read() == b""
        await told_once(client, "lives", "x")

    play(containers, scenario)


def test_what_was_half_done_is_done_to_its_end_afterwards(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        stdio = Fifos.made(client.root, "made").stdout_alone()
        output = asyncio.ensure_future(read_to_end(stdio.open_to_read("stdout")))
        made = await client.create("made", "sh", "-c", "echo out; exit 8", stdio=stdio)
        await client.create("dropped", "true")
        frozen = await client.up("frozen", ends_with(2))
        await client.add_exec("frozen", "added", "sh", "-c", "exit 4")
        await client.call("Pause", task_pb2.PauseRequest(id=client.id("frozen")), EMPTY)

        await kill_and_await(client, "made")

        assert (await client.state("made")).status == process_pb2.CREATED
        assert await client.start("made") == made
        assert (await client.ended("made")).exit_status == 8
        assert await output == b"out\n"
        await client.delete("dropped")
        assert (await client.state("frozen")).status == process_pb2.PAUSED
        await client.call("Resume", task_pb2.ResumeRequest(id=client.id("frozen")), EMPTY)
        await client.start("frozen", "added")
        assert (await client.ended("frozen", "added")).exit_status == 4
        await hit(client, SIGUSR1, frozen)
        assert (await client.ended("frozen")).exit_status == 2
        await told_once(client, "made")
        await told_once(client, "frozen", "added")
        assert client.sink.all_of(client.id("dropped"), "start") == []

    play(containers, scenario)


async def kill_and_await(client: ShimClient, word: str) -> None:
    """SIGKILL; returns when systemd has started it again, and it has found its containers."""
    await asyncio.to_thread(kill_daemon, client.root)
    await client.connection_lost()
    await client.start_binary(word)


async def hit(client: ShimClient, signal: int, pid: int) -> None:
    """A signal from outside, past the shim."""
    await asyncio.to_thread(client.root.run, "kill", f"-{signal}", str(pid), check=True)


async def seen_by_systemd(client: ShimClient, unit: str) -> datetime:
    """When the unit's process ended, as soon as systemd knows it."""
    said = await asyncio.to_thread(
        client.root.shell,
        f"for i in $(seq 600); do [ $(systemctl show -P ExecMainCode {unit}) != 0 ] &&"
        f" exec systemctl show --timestamp=us+utc -P ExecMainExitTimestamp {unit}; sleep 0.1\n"
        "done; exit 1",
        timeout=PATIENCE_SECONDS,
    )
    _, date, time, _ = said.split()
    return datetime.fromisoformat(f"{date} {time}+00:00")


async def told_once(client: ShimClient, word: str, *exec_ids: str) -> None:
    """Its whole life was told; its end and those of these execs once, the init's after theirs.

    What was told just before the daemon died may be told again (docs/decisions, 0010): these
    ends were not.
    """
    container = client.id(word)
    await client.sink.until(container, "delete")
    topics = client.sink.topics(container)
    assert topics[0] == "create"
    assert topics[-2:] == ["exit", "delete"]
    assert topics.index("start") < topics.index("exit")
    assert topics.count("exit") == 1
    for exec_id in exec_ids:
        assert topics.count(f"exit:{exec_id}") == 1
        assert topics.index(f"exec-started:{exec_id}") < topics.index(f"exit:{exec_id}")
