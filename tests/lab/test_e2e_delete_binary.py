"""The binary's `delete` where no daemon answers, or none that knows the container.

Without an answer it ends the container itself, and tells how.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from adapters.messages import task_pb2
from adapters.ttrpc import Code, Status
from tests.lab.containers import Containers, end_by_term, to_daemon
from tests.lab.root import Root
from tests.lab.shim_client import ShimClient, daemon_away, play

RECORDS: Final = "/run/containerd-systemd/state/tasks"
CATCHES_TERM: Final = "trap 'exit 7' TERM; echo up; sleep 1000 & wait"


def test_a_running_container_and_its_exec_are_killed_and_their_units_go(
    containers: Containers,
) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.up("runs", CATCHES_TERM)
        exec_pid = await client.up("runs", CATCHES_TERM, "x")
        async with daemon_away(client.root):
            told = await asyncio.to_thread(client.delete_binary, "runs")
            assert (told.pid, told.exit_status) == (pid, 137)
            assert told.exited_at.seconds > 0
            for process in (pid, exec_pid):
                assert not client.root.path(f"/proc/{process}").exists()
            units = client.root.shell("systemctl list-units --all --plain --no-legend 'io-*'")
            assert client.id("runs") not in units
        assert await is_unknown(client, "runs")

    play(containers, scenario)


def test_a_container_that_had_ended_is_told_with_its_own_status_and_time(
    containers: Containers,
) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.up("told", CATCHES_TERM)
        await client.kill("told", 15)
        before = await client.wait("told")
        unseen = await client.up("unseen", CATCHES_TERM)
        async with daemon_away(client.root):
            told = await asyncio.to_thread(client.delete_binary, "told")
            assert (told.pid, told.exit_status, told.exited_at) == (pid, 7, before.exited_at)
            await asyncio.to_thread(end_by_term, client.root, client.unit("unseen"))
            told = await asyncio.to_thread(client.delete_binary, "unseen")
            assert (told.pid, told.exit_status) == (unseen, 7)
        assert await is_unknown(client, "told")
        assert await is_unknown(client, "unseen")

    play(containers, scenario)


def test_a_container_that_was_never_started_or_is_frozen_goes_too(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        made = await client.create("made", "sleep", "1000")
        frozen = await client.up("frozen", CATCHES_TERM)
        pause = task_pb2.PauseRequest(id=client.id("frozen"))
        await client.call("Pause", pause, task_pb2.PauseRequest)
        async with daemon_away(client.root):
            for word, pid in (("made", made), ("frozen", frozen)):
                told = await asyncio.to_thread(client.delete_binary, word)
                assert (told.pid, told.exit_status) == (pid, 137)
                assert not client.root.path(f"/proc/{pid}").exists()
        assert await is_unknown(client, "made")
        assert await is_unknown(client, "frozen")

    play(containers, scenario)


def test_it_can_be_run_again_and_its_id_used_again(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.up("again", CATCHES_TERM)
        async with daemon_away(client.root):
            for _ in range(2):
                told = await asyncio.to_thread(client.delete_binary, "again")
                # systemd removes the pid file with the unit, so the second one does not know it.
                assert told.pid in {pid, 0}
                assert told.exit_status == 137
        await client.run("again", "sh", "-c", "exit 3")
        assert (await client.ended("again")).exit_status == 3

    play(containers, scenario)


def test_a_daemon_that_hangs_finds_the_work_done_and_goes_on(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.up("hangs", CATCHES_TERM)
        async with daemon_hanging(client.root):
            told = await asyncio.to_thread(client.delete_binary, "hangs")
            assert (told.pid, told.exit_status) == (pid, 137)
        # The daemon finds the request that nobody waits for any more, and tells the same end.
        await client.sink.until(client.id("hangs"), "delete")
        (end,) = client.sink.all_of(client.id("hangs"), "exit")
        assert (end.pid, end.exit_status, end.exited_at) == (pid, 137, told.exited_at)
        assert await is_unknown(client, "hangs")
        client.sink.heard.clear()  # another life of this id
        await client.run("hangs", "sh", "-c", "exit 3")
        assert (await client.ended("hangs")).exit_status == 3

    play(containers, scenario)


def test_f119_a_container_whose_record_cannot_be_read_is_ended_by_a_daemon_that_does_not_know_it(
    containers: Containers,
) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.up("torn", CATCHES_TERM)
        exec_pid = await client.up("torn", CATCHES_TERM, "x")
        record = f"{RECORDS}/{client.namespace}/{client.id('torn')}.*.json"
        async with daemon_away(client.root):
            await asyncio.to_thread(client.root.shell, f"for i in {record}; do echo torn >$i; done")
        assert await is_unknown(client, "torn")
        assert client.root.path(f"/proc/{pid}").exists()
        told = await asyncio.to_thread(client.delete_binary, "torn")
        assert told.exit_status == 137
        for process in (pid, exec_pid):
            assert not client.root.path(f"/proc/{process}").exists()
        units = client.root.shell("systemctl list-units --all --plain --no-legend 'io-*'")
        assert client.id("torn") not in units
        await asyncio.to_thread(client.root.shell, f"rm {record}.unreadable")
        await client.run("torn", "sh", "-c", "exit 3")
        assert (await client.ended("torn")).exit_status == 3

    play(containers, scenario)


async def is_unknown(client: ShimClient, word: str) -> bool:
    answer = await client.ask("State", task_pb2.StateRequest(id=client.id(word)))
    return isinstance(answer, Status) and answer.code == Code.NOT_FOUND


@contextlib.asynccontextmanager
async def daemon_hanging(root: Root) -> AsyncIterator[None]:
    """The daemon does nothing while the block lasts, and does not know it."""
    await asyncio.to_thread(to_daemon, root, "STOP")
    try:
        yield
    finally:
        await asyncio.to_thread(to_daemon, root, "CONT")
