"""FIFOs of the kernel: the contract, and what only a kernel can show."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from returns.result import Failure, Success

from adapters.stdio import output
from adapters.stdio.fifo import LinuxFifos
from adapters.stdio.inotify import Inotify
from domain.refusal import StdioFailed
from domain.request import Stdio
from tests.adapters.stdio.players import (
    Follower,
    PatientFollower,
    Players,
    Said,
    closed,
    has_end,
    has_end_after,
    open_descriptors,
    read_now,
    settle,
)
from tests.contracts.drive import Drive
from tests.contracts.fifos_contract import EXEC, INIT, LONG, SHORT, FifosContract


@pytest.fixture
def fifos(said: Said, drive: Drive) -> Iterator[LinuxFifos]:
    """Leaves not one descriptor behind, whatever the test did (S24, T245)."""
    before = open_descriptors()
    inotify = Inotify()
    fifos = LinuxFifos(said, inotify)
    yield fifos
    for process in (INIT, EXEC):
        drive(fifos.close(process))
    drive(closed(inotify))
    assert open_descriptors() == before


@pytest.fixture
def players(fifos: LinuxFifos) -> Iterator[Players]:
    del fifos  # which counts the open descriptors once ours are closed
    players = Players()
    yield players
    players.close()


class TestTheKernels(FifosContract):
    @pytest.fixture
    def drive(self, drive: Drive) -> Drive:
        return drive

    @pytest.fixture
    def fifos(self, fifos: LinuxFifos) -> LinuxFifos:
        return fifos

    @pytest.fixture
    def stdio(self, stdio: Stdio) -> Stdio:
        return stdio

    @pytest.fixture(autouse=True)
    def _players(self, players: Players) -> None:
        self.players = players
        self.followers: dict[str, Follower] = {}

    async def settle(self) -> None:
        await settle()

    def client_opens(self, path: str) -> None:
        self.players.client_opens(path)

    def client_reads(self, path: str) -> bytes:
        return read_now(self.players.client[path])

    def client_sees_end(self, path: str) -> bool:
        return has_end(self.players.client[path])

    def client_leaves(self, path: str) -> None:
        os.close(self.players.client.pop(path))

    def client_follows(self, path: str) -> None:
        self.followers[path] = Follower(path)

    def client_has_followed(self, path: str) -> bytes:
        return self.followers[path].whole()

    def client_writes(self, path: str, text: bytes) -> None:
        self.players.client_writes(path, text)

    def program_begins(self, stdio: Stdio) -> None:
        self.players.program_begins(stdio)

    def program_writes(self, path: str, text: bytes) -> bool:
        return self.players.program_writes(path, text)

    def program_reads(self) -> bytes:
        return read_now(self.players.program["stdin"])

    def program_sees_end(self) -> bool:
        return has_end(self.players.program["stdin"])

    def program_ends(self) -> None:
        self.players.program_ends()


def test_a_client_that_waits_in_its_open_gets_output_and_not_an_early_end(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    """Our own look for a client ends its wait; it must not read EOF before the program began."""
    out = Stdio(stdout=stdio.stdout)
    client = PatientFollower(out.stdout)
    assert drive(fifos.open(INIT, out, LONG)) == Success(None)
    drive(settle())
    assert client.is_reading()
    players.program_begins(out)
    players.program_writes(out.stdout, b"hello")
    players.program_ends()
    drive(settle())
    assert client.whole() == b"hello"


def test_a_client_that_comes_late_but_in_time_is_found(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    async def late() -> None:
        opening = asyncio.create_task(fifos.open(INIT, stdio, LONG))
        await settle()
        players.client_opens(stdio.stderr)  # in the order that it likes
        await settle()
        assert not opening.done()
        players.client_opens(stdio.stdout)
        assert await opening == Success(None)

    drive(late())


def test_a_client_that_opens_its_stdin_first_and_waits_there_is_let_go(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio
) -> None:
    opened = threading.Event()

    def one_after_the_other() -> None:
        stdin = os.open(stdio.stdin, os.O_WRONLY)
        out = os.open(stdio.stdout, os.O_RDONLY)
        err = os.open(stdio.stderr, os.O_RDONLY)
        opened.set()
        for descriptor in (stdin, out, err):
            os.close(descriptor)

    client = threading.Thread(target=one_after_the_other, daemon=True)
    client.start()
    assert drive(fifos.open(INIT, stdio, LONG)) == Success(None)
    assert opened.wait(30)
    client.join()


def test_a_file_that_is_no_fifo_is_refused_and_left_as_it_is(
    drive: Drive, fifos: LinuxFifos, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("text")
    refused = drive(fifos.open(INIT, Stdio(stdout=str(file)), LONG))
    assert refused == Failure(StdioFailed(f"file {file} is not fifo"))
    assert file.read_text() == "text"


def test_who_gives_up_waiting_for_a_client_holds_nothing(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio
) -> None:
    async def cancelled() -> None:
        opening = asyncio.create_task(fifos.open(INIT, stdio, LONG))
        await settle()
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    before = open_descriptors()
    drive(cancelled())
    assert open_descriptors() == before


def test_no_end_of_ours_is_inherited_by_a_program(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    before = set(open_descriptors())
    players.client_opens(stdio.stdout)
    players.client_opens(stdio.stderr)
    drive(fifos.open(INIT, stdio, LONG))
    ours = {int(name) for name in set(open_descriptors()) - before}
    existing = {number for number in ours if Path(f"/proc/self/fd/{number}").exists()}
    assert existing
    assert not any(os.get_inheritable(number) for number in existing)


def test_what_was_dropped_is_told_in_bytes(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players, said: Said
) -> None:
    out = Stdio(stdout=stdio.stdout)
    players.client_opens(out.stdout)
    drive(fifos.open(INIT, out, LONG))
    players.program_begins(out)
    players.program_writes(out.stdout, b"x" * 1234)
    players.program_ends()
    drive(fifos.drain(INIT, SHORT))
    assert said.texts == [
        f"WARNING default/web: 1234 bytes of {out.stdout} were not read by any client"
    ]


def test_a_delete_waits_for_the_drain_that_the_exit_began(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    out = Stdio(stdout=stdio.stdout)
    players.client_opens(out.stdout)
    drive(fifos.open(INIT, out, LONG))
    players.program_begins(out)
    players.program_writes(out.stdout, b"rest")
    players.program_ends()

    async def both() -> None:
        first = asyncio.create_task(fifos.drain(INIT, LONG))
        await settle()
        second = asyncio.create_task(fifos.drain(INIT, LONG))
        await settle()
        assert not second.done()
        assert read_now(players.client[out.stdout]) == b"rest"
        await asyncio.gather(first, second)

    drive(both())


def test_a_close_ends_a_drain_that_is_under_way(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    out = Stdio(stdout=stdio.stdout)
    players.client_opens(out.stdout)
    drive(fifos.open(INIT, out, LONG))
    players.program_begins(out)
    players.program_writes(out.stdout, b"rest")
    players.program_ends()

    async def closed() -> None:
        drain = asyncio.create_task(fifos.drain(INIT, LONG))
        await settle()
        await fifos.close(INIT)
        await drain

    drive(closed())
    assert has_end_after(players.client[out.stdout], b"rest")


def test_a_read_that_inotify_does_not_tell_ends_the_drain_as_well(
    drive: Drive,
    fifos: LinuxFifos,
    stdio: Stdio,
    players: Players,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on Linux 6.1 with a client that splices."""
    monkeypatch.setattr(output, "IN_ACCESS", 0x00000004)  # IN_ATTRIB, which never comes
    out = Stdio(stdout=stdio.stdout)
    players.client_opens(out.stdout)
    drive(fifos.open(INIT, out, LONG))
    players.program_begins(out)
    players.program_writes(out.stdout, b"rest")
    players.program_ends()

    async def unseen() -> None:
        drain = asyncio.create_task(fifos.drain(INIT, LONG))
        await settle()
        assert read_now(players.client[out.stdout]) == b"rest"
        await drain

    drive(unseen())


def test_fifos_that_the_client_has_removed_are_drained_all_the_same(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    out = Stdio(stdout=stdio.stdout)
    players.client_opens(out.stdout)
    drive(fifos.open(INIT, out, LONG))
    players.program_begins(out)
    Path(out.stdout).unlink()
    players.program_writes(out.stdout, b"rest")
    players.program_ends()

    async def removed() -> None:
        drain = asyncio.create_task(fifos.drain(INIT, LONG))
        await settle()
        assert read_now(players.client[out.stdout]) == b"rest"
        await drain

    drive(removed())
    assert has_end(players.client[out.stdout])


def test_two_processes_on_one_fifo_both_hear_of_its_writers(
    drive: Drive, fifos: LinuxFifos, stdio: Stdio, players: Players
) -> None:
    """The kernel has one watch for a file, and the second must not replace the first."""
    out = Stdio(stdout=stdio.stdout)
    players.client_opens(out.stdout)
    for process in (INIT, EXEC):
        assert drive(fifos.open(process, out, LONG)) == Success(None)
    players.program_begins(out)
    players.program_writes(out.stdout, b"text")
    players.program_ends()
    drive(settle())
    assert has_end_after(players.client[out.stdout], b"text")
