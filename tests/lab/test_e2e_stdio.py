"""Edges of stdio: children that stay, clients that leave or never come, input and its end."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import pytest

from adapters.messages import process_pb2
from tests.lab.containerd_events import listening
from tests.lab.containers import PATIENCE_SECONDS, Containers
from tests.lab.fifos import FOLDER, Fifos
from tests.lab.root import InsideProcess, Root
from tests.lab.shim_client import RefusedError, ShimClient, shim_client

BIG_BYTES: Final = 5_000_000
BIG: Final = f"{FOLDER}/big"
# What a container waits at until `let_go`; /dev/shm is its own even where the root is shared.
GATE: Final = "/dev/shm/gate"  # noqa: S108 (in the container)
WITH_A_GATE: Final = f"mkfifo {GATE}; "
AT_THE_GATE: Final = f"read x <{GATE}; "
# A child writes, not pid 1, whom the kernel spares SIGPIPE. 141 would be that signal, 1 its EPIPE.
WRITES_LATE: Final = f"{WITH_A_GATE}echo up; {AT_THE_GATE}sh -c 'echo late && exit 7'; exit $?"
# The exec ends; its child stays at the gate with the exec's stdout.
LEAVES_A_CHILD: Final = f"{WITH_A_GATE}({AT_THE_GATE}echo late) & echo mine; exit 3"


def test_an_execs_exit_is_told_although_its_child_keeps_the_output(containers: Containers) -> None:
    containers.sleep("bg")
    command = containers.exec_command("bg", "leaver", "sh", "-c", LEAVES_A_CHILD)
    with listening(containers.root) as events, containers.root.popen(*command) as ctr:
        told = events.until(containers.id("bg"), "/tasks/exit")[-1]
        assert (told.fields["id"], told.fields["exit_status"]) == ("leaver", 3)
        assert line(ctr) == "mine\n"
        if containers.root.suite == "bookworm":
            # containerd 1.6's client waits for the end of the output, whoever is still writing.
            let_go(containers.root, containers.pid("bg"))
            assert rest(ctr) == "late\n"
            assert ctr.wait(PATIENCE_SECONDS) == 3
        else:
            # Later ones close their FIFOs when the exec is deleted (copyIO in cio/io_unix.go).
            assert ctr.wait(PATIENCE_SECONDS) == 3
            # The child is still there, and has its way.
            let_go(containers.root, containers.pid("bg"))
    assert containers.status("bg") == "RUNNING"


def test_a_childs_output_has_its_end_when_the_child_ends_and_outlives_the_execs_delete(
    containers: Containers,
) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.run("bgd", "sleep", "1000")
        fifos = Fifos.made(client.root, "bgd").stdout_alone()
        with reader(client.root, fifos.stdout) as out:
            await client.exec("bgd", "leaver", "sh", "-c", LEAVES_A_CHILD, stdio=fifos)
            assert (await client.wait("bgd", "leaver")).exit_status == 3
            assert await asyncio.to_thread(line, out) == "mine\n"
            state = await client.state("bgd", "leaver")
            assert (state.status, state.exit_status) == (process_pb2.STOPPED, 3)
            assert (await client.delete("bgd", "leaver")).exit_status == 3
            let_go(client.root, pid)
            assert await asyncio.to_thread(rest, out) == "late\n"
            assert await asyncio.to_thread(out.wait, PATIENCE_SECONDS) == 0
        assert (await client.state("bgd")).status == process_pb2.RUNNING

    with_client(containers, scenario)


def test_a_reader_that_goes_away_never_sends_the_container_sigpipe(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        fifos = Fifos.made(client.root, "gone").stdout_alone()
        with reader(client.root, fifos.stdout) as out:
            pid = await client.run("gone", "sh", "-c", WRITES_LATE, stdio=fifos)
            assert await asyncio.to_thread(line, out) == "up\n"
            await asyncio.to_thread(out.stop)
        let_go(client.root, pid)
        assert (await client.wait("gone")).exit_status == 7
        # Nobody will ever read the rest, and Delete knows it.
        assert (await client.delete("gone")).exit_status == 7

    with_client(containers, scenario)


def test_a_reader_that_goes_away_never_sends_an_exec_sigpipe(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        pid = await client.run("xgone", "sleep", "1000")
        fifos = Fifos.made(client.root, "xgone").stdout_alone()
        with reader(client.root, fifos.stdout) as out:
            await client.exec("xgone", "x", "sh", "-c", WRITES_LATE, stdio=fifos)
            assert await asyncio.to_thread(line, out) == "up\n"
            await asyncio.to_thread(out.stop)
        let_go(client.root, pid)
        assert (await client.wait("xgone", "x")).exit_status == 7
        assert (await client.delete("xgone", "x")).exit_status == 7

    with_client(containers, scenario)


def test_a_killed_ctr_leaves_its_container_to_end_as_it_likes(containers: Containers) -> None:
    root, container = containers.root, containers.id("orphan")
    with listening(root) as events:
        with containers.popen("orphan", "sh", "-c", WRITES_LATE) as ctr:
            assert line(ctr) == "up\n"
            ctr.stop()
        let_go(root, containers.pid("orphan"))
        told = events.until(container, "/tasks/exit")[-1]
        assert told.fields["exit_status"] == 7
    assert containers.delete("orphan") == 7


@pytest.mark.parametrize("exec_id", ["", "x"])
def test_a_client_that_closes_stdin_can_come_back_until_closeio_ends_it(
    containers: Containers, exec_id: str
) -> None:
    async def scenario(client: ShimClient) -> None:
        fifos = Fifos.made(client.root, "typed")
        with reader(client.root, fifos.stdout) as out, reader(client.root, fifos.stderr):
            await run_or_exec(client, "typed", exec_id, "cat", stdio=fifos)
            for number in range(3):
                # Each is a client of its own, which opens the FIFO, writes, and leaves.
                client.root.shell(f"echo line {number} >{fifos.stdin}")
                assert await asyncio.to_thread(line, out) == f"line {number}\n"
            await client.close_stdin("typed", exec_id)
            assert await asyncio.to_thread(rest, out) == ""
        assert (await client.wait("typed", exec_id)).exit_status == 0
        assert (await client.delete("typed", exec_id)).exit_status == 0

    with_client(containers, scenario)


@pytest.mark.parametrize("exec_id", ["", "x"])
def test_closeio_while_the_client_still_writes_cuts_nothing_off(
    containers: Containers, exec_id: str
) -> None:
    async def scenario(client: ShimClient) -> None:
        fifos = Fifos.made(client.root, "early")
        with reader(client.root, fifos.stdout) as out, reader(client.root, fifos.stderr):
            await run_or_exec(client, "early", exec_id, "cat", stdio=fifos)
            with client.root.popen("sh", "-c", f"exec cat >{fifos.stdin}") as keyboard:
                type_in(keyboard, "before\n")
                assert await asyncio.to_thread(line, out) == "before\n"
                await client.close_stdin("early", exec_id)
                type_in(keyboard, "after\n")
                assert await asyncio.to_thread(line, out) == "after\n"
                keyboard.stop()
            assert await asyncio.to_thread(rest, out) == ""
        assert (await client.wait("early", exec_id)).exit_status == 0

    with_client(containers, scenario)


def test_megabytes_through_stdin_and_stdout_of_a_container_come_whole(
    containers: Containers,
) -> None:
    async def scenario(client: ShimClient) -> None:
        sent = big_file(client.root)
        fifos = dataclasses.replace(Fifos.made(client.root, "big"), stderr="")
        with client.root.popen("sh", "-c", f"md5sum <{fifos.stdout}") as out:
            await client.run("big", "cat", stdio=fifos)
            await asyncio.to_thread(client.root.shell, f"cat {BIG} >{fifos.stdin}", timeout=120)
            await client.close_stdin("big")
            assert (await asyncio.to_thread(rest, out)).split()[0] == sent
        assert (await client.wait("big")).exit_status == 0

    with_client(containers, scenario)


def test_megabytes_through_stdin_and_stdout_of_an_exec_come_whole(containers: Containers) -> None:
    root, sent = containers.root, big_file(containers.root)
    containers.sleep("xbig")
    for number in range(3):
        command = containers.exec_command("xbig", f"cat{number}", "cat")
        # Without pipefail in sh the exec's own status needs a file.
        got = root.shell(
            f"{{ s=0; {' '.join(command)} <{BIG} || s=$?; echo $s >{BIG}.status; }} | md5sum",
            timeout=PATIENCE_SECONDS,
        )
        assert got.split()[0] == sent
        assert root.shell(f"cat {BIG}.status") == "0"


def test_a_fifo_that_nobody_opens_is_a_clear_error_and_holds_up_nobody(
    containers: Containers,
) -> None:
    async def scenario(client: ShimClient) -> None:
        await client.run("served", "sleep", "1000")
        lonely, xlonely = (
            Fifos.made(client.root, name).stdout_alone() for name in ("lonely", "xlonely")
        )
        refused = asyncio.gather(
            refusal(client.create("lonely", "true", stdio=lonely)),
            refusal(client.exec("served", "x", "true", stdio=xlonely)),
        )
        # While those wait for their clients, others are served.
        while not refused.done():
            assert (await client.state("served")).status == process_pb2.RUNNING
            await client.exec("served", "beside", "true")
            assert (await client.wait("served", "beside")).exit_status == 0
            await client.delete("served", "beside")
        create, start = await refused
        assert lonely.stdout in create
        assert xlonely.stdout in start
        # The names are free: a client that comes in time gets its container.
        with reader(client.root, lonely.stdout) as out, reader(client.root, xlonely.stdout) as xout:
            await client.run("lonely", "echo", "here", stdio=lonely)
            assert await asyncio.to_thread(rest, out) == "here\n"
            await client.delete("served", "x")
            await client.exec("served", "x", "echo", "there", stdio=xlonely)
            assert await asyncio.to_thread(rest, xout) == "there\n"

    with_client(containers, scenario)


def test_a_fifo_that_is_missing_is_named_in_the_error(containers: Containers) -> None:
    async def scenario(client: ShimClient) -> None:
        missing = dataclasses.replace(Fifos.none(), stdout=f"{FOLDER}/fifos/nowhere")
        assert missing.stdout in await refusal(client.create("nofifo", "true", stdio=missing))
        assert not client.root.path(missing.stdout).exists()
        assert client.sink.topics(client.id("nofifo")) == []

    with_client(containers, scenario)


def with_client(containers: Containers, scenario: Callable[[ShimClient], Awaitable[None]]) -> None:
    """Runs a scenario with a client of the machine; it has minutes, and then it has failed."""

    async def limited() -> None:
        async with (
            shim_client(containers.root, containers.mark) as client,
            asyncio.timeout(2 * PATIENCE_SECONDS),
        ):
            await scenario(client)

    asyncio.run(limited())


async def run_or_exec(
    client: ShimClient, word: str, exec_id: str, *argv: str, stdio: Fifos
) -> None:
    """The program as a container's init, or, with an exec id, as an exec of a sleeping one."""
    if not exec_id:
        await client.run(word, *argv, stdio=stdio)
        return
    await client.run(word, "sleep", "1000")
    await client.exec(word, exec_id, *argv, stdio=stdio)


async def refusal(call: Awaitable[object]) -> str:
    """What a call is refused with; it must be refused."""
    with pytest.raises(RefusedError) as caught:
        await call
    return str(caught.value)


@contextlib.contextmanager
def reader(root: Root, fifo: str) -> Iterator[InsideProcess]:
    """A client of one FIFO, which waits in open(2) until the shim or the program comes."""
    with root.popen("cat", fifo) as cat:
        yield cat


def line(process: InsideProcess) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def rest(process: InsideProcess) -> str:
    """All until the last writer of its output has gone."""
    assert process.stdout is not None
    return process.stdout.read()


def type_in(process: InsideProcess, text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(text)
    process.stdin.flush()


def let_go(root: Root, pid: int) -> None:
    """Opens the gate in a container whose init has this pid; waits for who is to pass it."""
    root.shell(f"echo go >/proc/{pid}/root{GATE}", timeout=PATIENCE_SECONDS)


def big_file(root: Root) -> str:
    """Makes a file with nothing regular in it; its MD5."""
    root.shell(f"mkdir -p {FOLDER}; head -c {BIG_BYTES} /dev/urandom >{BIG}")
    return root.shell(f"md5sum {BIG}").split()[0]
