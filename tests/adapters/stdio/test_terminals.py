"""Pseudo-terminals of the kernel: the contract, and what only a kernel can show."""

import array
import asyncio
import fcntl
import os
import pty
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from returns.result import Failure, Success

from adapters.stdio.console_socket import PATH_MAX, ConsoleSocket, is_master, sweep
from adapters.stdio.inotify import Inotify
from adapters.stdio.terminals import LinuxTerminals
from domain.refusal import StdioFailed
from domain.request import Stdio
from tests.adapters.stdio.players import (
    Follower,
    Players,
    Said,
    closed,
    has_end,
    open_descriptors,
    read_now,
    settle,
)
from tests.contracts.drive import Drive
from tests.contracts.terminals_contract import INIT, LONG, SHORT, TerminalsContract

FLOOD = 50_000_000


@pytest.fixture
def folder() -> Iterator[Path]:
    """For console sockets: pytest's own folders have paths that are too long."""
    folder = Path(tempfile.mkdtemp(prefix="pty"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def terminals(said: Said, drive: Drive, folder: Path) -> Iterator[LinuxTerminals]:
    """Leaves neither descriptors nor sockets behind (S24, T245, D38)."""
    before = open_descriptors()
    inotify = Inotify()
    terminals = LinuxTerminals(said, inotify, folder)
    yield terminals
    drive(terminals.close(INIT))
    drive(closed(inotify))
    assert open_descriptors() == before
    assert list(folder.iterdir()) == []


@pytest.fixture
def players(terminals: LinuxTerminals) -> Iterator[Players]:
    del terminals  # which counts the open descriptors once ours are closed
    players = Players()
    yield players
    players.close()


class Program:
    """One who has the slave side open, in raw mode."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.name = os.ttyname(self.slave)
        tty.setraw(self.slave)
        os.set_blocking(self.slave, False)

    def connect(self, path: str) -> None:
        """What runc does with the master."""
        send(path, b"/dev/pts/ptmx", self.master)
        self.let_master_go()

    def let_master_go(self) -> None:
        os.close(self.master)
        self.master = -1

    def run(self, *command: str) -> subprocess.Popen[bytes]:
        """Leaves the terminal to a command."""
        os.set_blocking(self.slave, True)
        running = subprocess.Popen(command, stdin=self.slave, stdout=self.slave)
        self.end()
        return running

    def end(self) -> None:
        os.close(self.slave)
        self.slave = -1

    def close(self) -> None:
        for descriptor in (self.master, self.slave):
            if descriptor >= 0:
                os.close(descriptor)


def send(path: str, text: bytes, *descriptors: int) -> None:
    rights = array.array("i", descriptors)
    with socket.socket(socket.AF_UNIX) as runc:
        runc.connect(path)
        runc.sendmsg([text], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


@pytest.fixture
def program(terminals: LinuxTerminals) -> Iterator[Program]:
    del terminals  # the same as for the players
    program = Program()
    yield program
    program.close()


class TestTheKernels(TerminalsContract):
    @pytest.fixture
    def drive(self, drive: Drive) -> Drive:
        return drive

    @pytest.fixture
    def terminals(self, terminals: LinuxTerminals) -> LinuxTerminals:
        return terminals

    @pytest.fixture
    def stdio(self, stdio: Stdio) -> Stdio:
        return Stdio(stdio.stdin, stdio.stdout, terminal=True)

    @pytest.fixture(autouse=True)
    def _players(self, players: Players, program: Program) -> None:
        self.players = players
        self.program = program

    async def settle(self) -> None:
        await settle()

    def client_opens(self, path: str) -> None:
        self.players.client_opens(path)

    def client_reads(self, path: str) -> bytes:
        return read_now(self.players.client[path])

    def client_sees_end(self, path: str) -> bool:
        return has_end(self.players.client[path])

    def client_writes(self, path: str, text: bytes) -> None:
        self.players.client_writes(path, text)

    def client_leaves(self, path: str) -> None:
        os.close(self.players.client.pop(path))

    def runc_connects(self, socket: str) -> None:
        self.program.connect(socket)

    def runc_sends_nothing(self, path: str) -> None:
        with socket.socket(socket.AF_UNIX) as runc:
            runc.connect(path)

    def program_writes(self, text: bytes) -> None:
        assert os.write(self.program.slave, text) == len(text)

    def program_reads(self) -> bytes:
        return read_now(self.program.slave)

    def program_is_hung_up(self) -> bool:
        try:
            return os.read(self.program.slave, 1) == b""
        except BlockingIOError:
            return False

    def program_sees_size(self) -> tuple[int, int]:
        size = fcntl.ioctl(self.program.slave, termios.TIOCGWINSZ, bytes(8))
        height, width, _, _ = struct.unpack("HHHH", size)
        return width, height

    def program_ends(self) -> None:
        self.program.end()

    def program_opens_terminal_again(self) -> None:
        self.program.slave = os.open(self.program.name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)


def _begin(drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program) -> None:
    program.connect(drive(terminals.listen(INIT, stdio, LONG)).unwrap())
    assert drive(terminals.connected(INIT, LONG)) == Success(None)


async def _end_of(program: subprocess.Popen[bytes]) -> None:
    """The end of a child process is told by its pidfd."""
    ended = asyncio.Event()
    pidfd = os.pidfd_open(program.pid)
    asyncio.get_running_loop().add_reader(pidfd, ended.set)
    await ended.wait()
    asyncio.get_running_loop().remove_reader(pidfd)
    os.close(pidfd)
    program.wait()


def test_fifty_megabytes_out_come_whole_and_the_loop_still_turns(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program
) -> None:
    out = Stdio(stdout=stdio.stdout, terminal=True)
    client = Follower(out.stdout)
    _begin(drive, terminals, out, program)
    turns = 0

    async def flood() -> None:
        nonlocal turns
        over = asyncio.create_task(_end_of(program.run("head", "-c", str(FLOOD), "/dev/zero")))
        while not over.done():
            await asyncio.sleep(0)
            turns += 1
        await terminals.drain(INIT, LONG)

    drive(flood())
    assert len(client.whole()) == FLOOD
    assert turns > FLOOD / 65536 / 2  # each turn's work is bounded by one chunk


def test_fifty_megabytes_in_and_out_come_whole(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program
) -> None:
    both = Stdio(stdio.stdin, stdio.stdout, terminal=True)
    client = Follower(both.stdout)
    _begin(drive, terminals, both, program)

    def type_in() -> None:
        with Path(both.stdin).open("wb", buffering=0) as keys:
            left = memoryview(bytes(FLOOD))
            while left:
                left = left[keys.write(left) :]

    async def flood() -> None:
        copier = program.run("head", "-c", str(FLOOD))
        typist = threading.Thread(target=type_in, daemon=True)
        typist.start()
        await _end_of(copier)
        await terminals.drain(INIT, LONG)
        typist.join()

    drive(flood())
    assert len(client.whole()) == FLOOD


def test_a_client_that_does_not_read_holds_the_program_and_not_the_loop(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program, players: Players
) -> None:
    out = Stdio(stdout=stdio.stdout, terminal=True)
    players.client_opens(out.stdout)
    _begin(drive, terminals, out, program)

    async def fill() -> int:
        written = full = 0
        while full < 3:
            try:
                written += os.write(program.slave, b"x" * 4096)
                full = 0
            except BlockingIOError:
                full += 1
            await settle()
        return written

    written = drive(fill())
    program.end()

    async def read_all() -> bytes:
        drain = asyncio.create_task(terminals.drain(INIT, LONG))
        text = b""
        while not drain.done():
            text += read_now(players.client[out.stdout])
            await settle()
        return text

    assert drive(read_all()) == b"x" * written


def test_a_program_that_does_not_read_holds_the_client_and_loses_nothing(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program, players: Players
) -> None:
    keys = Stdio(stdin=stdio.stdin, terminal=True)
    _begin(drive, terminals, keys, program)

    async def fill() -> int:
        keyboard = os.open(keys.stdin, os.O_WRONLY | os.O_NONBLOCK)
        players.client[keys.stdin] = keyboard
        written = full = 0
        while full < 3:
            try:
                written += os.write(keyboard, b"x" * 4096)
                full = 0
            except BlockingIOError:
                full += 1
            await settle()
        return written

    async def read_all(expected: int) -> int:
        got = 0
        while got < expected:
            got += len(read_now(program.slave))
            await settle()
        return got

    written = drive(fill())
    assert drive(read_all(written)) == written


def test_a_terminal_that_nobody_has_open_costs_no_processor_time(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program, players: Players
) -> None:
    """The kernel calls it hung up all the while; the loop must not be told all the while."""
    out = Stdio(stdin=stdio.stdin, stdout=stdio.stdout, terminal=True)
    players.client_opens(out.stdout)
    _begin(drive, terminals, out, program)
    program.end()

    async def turns() -> int:
        await settle()
        loop = asyncio.get_running_loop()
        counted, original = 0, loop._selector.select  # type: ignore[attr-defined]

        def select(timeout: float | None = None) -> object:
            nonlocal counted
            counted += 1
            return original(timeout)

        loop._selector.select = select  # type: ignore[attr-defined]
        await asyncio.sleep(0.2)
        loop._selector.select = original  # type: ignore[attr-defined]
        return counted

    assert drive(turns()) < 10


def test_a_master_that_has_outlived_a_daemon_is_taken_over(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program, players: Players
) -> None:
    both = Stdio(stdio.stdin, stdio.stdout, terminal=True)
    assert drive(terminals.adopt(INIT, os.dup(program.master), both)) == Success(None)
    program.let_master_go()
    os.write(program.slave, b"still here")
    drive(settle())
    players.client_opens(both.stdout)
    assert read_now(players.client[both.stdout]) == b"still here"


def test_a_master_that_cannot_be_taken_over_is_closed(
    drive: Drive, terminals: LinuxTerminals, program: Program
) -> None:
    master = os.dup(program.master)
    refused = drive(terminals.adopt(INIT, master, Stdio(stdout="/not/there")))
    assert isinstance(refused.failure(), StdioFailed)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(master)


def test_no_master_is_inherited_by_a_program(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program, players: Players
) -> None:
    out = Stdio(stdout=stdio.stdout, terminal=True)
    players.client_opens(out.stdout)
    before = set(open_descriptors())
    _begin(drive, terminals, out, program)
    ours = [int(name) for name in set(open_descriptors()) - before if _is_open(int(name))]
    assert ours
    assert not any(os.get_inheritable(number) for number in ours)


def _is_open(number: int) -> bool:
    return Path(f"/proc/self/fd/{number}").exists()


def test_what_nobody_read_is_told_in_bytes(  # noqa: PLR0913, PLR0917 - one fixture for each player
    drive: Drive,
    terminals: LinuxTerminals,
    stdio: Stdio,
    program: Program,
    players: Players,
    said: Said,
) -> None:
    out = Stdio(stdout=stdio.stdout, terminal=True)
    players.client_opens(out.stdout)
    _begin(drive, terminals, out, program)
    os.write(program.slave, b"x" * 321)
    program.end()
    drive(terminals.drain(INIT, SHORT))
    assert said.texts == [
        "WARNING default/web: 321 bytes of the terminal were not read by any client"
    ]


def test_the_console_socket_is_roots_alone_and_gone_after_one_connection(
    drive: Drive, terminals: LinuxTerminals, stdio: Stdio, program: Program, players: Players
) -> None:
    out = Stdio(stdout=stdio.stdout, terminal=True)
    players.client_opens(out.stdout)
    path = Path(drive(terminals.listen(INIT, out, LONG)).unwrap())
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    program.connect(str(path))
    drive(terminals.connected(INIT, LONG))
    assert not path.parent.exists()


@pytest.mark.parametrize("what", ["two masters", "a slave", "a file", "text only"])
def test_what_is_not_one_master_is_refused_and_closed(  # noqa: PLR0913, PLR0917 - one fixture for each player
    drive: Drive,
    terminals: LinuxTerminals,
    stdio: Stdio,
    program: Program,
    players: Players,
    what: str,
) -> None:
    out = Stdio(stdout=stdio.stdout, terminal=True)
    players.client_opens(out.stdout)
    path = drive(terminals.listen(INIT, out, LONG)).unwrap()
    with Path("/dev/null").open() as null:
        sent = {
            "two masters": (program.master, program.master),
            "a slave": (program.slave,),
            "a file": (null.fileno(),),
            "text only": (),
        }[what]
        send(path, b"x", *sent)
    refused = drive(terminals.connected(INIT, LONG))
    assert refused == Failure(
        StdioFailed("console socket: what was sent is not one terminal's master")
    )


def test_a_socket_whose_path_would_be_cut_is_refused(folder: Path) -> None:
    deep = folder / ("x" * PATH_MAX)
    assert isinstance(ConsoleSocket.open(deep).failure(), StdioFailed)
    assert list(deep.iterdir()) == []


def test_what_a_killed_daemon_left_is_swept_away(folder: Path) -> None:
    console = ConsoleSocket.open(folder).unwrap()
    sweep(folder)
    assert list(folder.iterdir()) == []
    sweep(folder / "never-made")
    console.close()


def test_only_a_master_is_taken_for_one(program: Program) -> None:
    assert is_master(program.master)
    assert not is_master(program.slave)
