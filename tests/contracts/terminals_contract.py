"""What every Terminals port does, be it the fake or the kernel's pseudo-terminals.

A test class gives `drive`, `terminals` and `stdio` (FIFOs for stdin and stdout that are there),
and plays the others: the client at the FIFOs, runc at the console socket, and the program, whose
terminal is in raw mode.
"""

from math import inf

import pytest
from returns.result import Failure, Success

from domain.identity import ContainerId, ContainerKey, Namespace, ProcessKey
from domain.limits import Seconds
from domain.ports.streams import Terminals
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio
from tests.contracts.drive import Drive

INIT = ProcessKey(ContainerKey(Namespace("default"), ContainerId("web")))
SHORT = Seconds(0.05)
# Whoever waits until it is over fails the test: nothing more comes, or pytest loses its patience.
LONG = Seconds(inf)


class TerminalsContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def terminals(self) -> Terminals:
        raise NotImplementedError

    @pytest.fixture
    def stdio(self) -> Stdio:
        raise NotImplementedError

    async def settle(self) -> None:
        """Lets the port notice and copy what is there."""
        raise NotImplementedError

    def client_opens(self, path: str) -> None:
        """For reading."""
        raise NotImplementedError

    def client_reads(self, path: str) -> bytes:
        """All that is there now."""
        raise NotImplementedError

    def client_sees_end(self, path: str) -> bool:
        """Whether a read would answer EOF now."""
        raise NotImplementedError

    def client_writes(self, path: str, text: bytes) -> None:
        """Opens for writing, if it has not, and writes."""
        raise NotImplementedError

    def client_leaves(self, path: str) -> None:
        """Closes its end, of whichever kind."""
        raise NotImplementedError

    def runc_connects(self, socket: str) -> None:
        """Hands over the terminal, which the program has open."""
        raise NotImplementedError

    def runc_sends_nothing(self, socket: str) -> None:
        """Connects and goes."""
        raise NotImplementedError

    def program_writes(self, text: bytes) -> None:
        raise NotImplementedError

    def program_reads(self) -> bytes:
        """All that is there now."""
        raise NotImplementedError

    def program_is_hung_up(self) -> bool:
        """Its terminal is no more: reads answer EOF."""
        raise NotImplementedError

    def program_sees_size(self) -> tuple[int, int]:
        """Width and height."""
        raise NotImplementedError

    def program_ends(self) -> None:
        """Nobody has the terminal open any more."""
        raise NotImplementedError

    def program_opens_terminal_again(self) -> None:
        """Another process of the container does, by its name."""
        raise NotImplementedError

    def _begin(self, drive: Drive, terminals: Terminals, stdio: Stdio) -> None:
        if stdio.stdout:
            self.client_opens(stdio.stdout)
        socket = drive(terminals.listen(INIT, stdio, LONG)).unwrap()
        self.runc_connects(socket)
        assert drive(terminals.connected(INIT, LONG)) == Success(None)

    def test_it_is_copied_both_ways(self, drive: Drive, terminals: Terminals, stdio: Stdio) -> None:
        self._begin(drive, terminals, stdio)
        self.program_writes(b"$ ")
        self.client_writes(stdio.stdin, b"ls\r")
        drive(self.settle())
        assert self.client_reads(stdio.stdout) == b"$ "
        assert self.program_reads() == b"ls\r"

    def test_the_console_sockets_path_is_short_enough_for_a_socket(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        assert len(drive(terminals.listen(INIT, stdio, LONG)).unwrap()) <= 107

    def test_a_runc_that_does_not_come_is_told_when_the_time_is_over(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        drive(terminals.listen(INIT, stdio, LONG))
        refused = drive(terminals.connected(INIT, SHORT)).failure()
        assert isinstance(refused, DeadlinePassed)

    def test_a_runc_that_sends_nothing_is_a_failure(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        self.runc_sends_nothing(drive(terminals.listen(INIT, stdio, LONG)).unwrap())
        refused = drive(terminals.connected(INIT, LONG)).failure()
        assert isinstance(refused, StdioFailed)

    def test_a_terminal_that_is_not_expected_does_not_come(
        self, drive: Drive, terminals: Terminals
    ) -> None:
        refused = drive(terminals.connected(INIT, LONG)).failure()
        assert isinstance(refused, StdioFailed)

    def test_a_missing_fifo_is_refused(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        broken = Stdio(stdout=f"{stdio.stdout}-not", terminal=True)
        refused = drive(terminals.listen(INIT, broken, LONG)).failure()
        assert isinstance(refused, StdioFailed)

    def test_a_fifo_that_no_client_opens_is_named_when_the_time_is_over(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        match drive(terminals.listen(INIT, stdio, SHORT)):
            case Failure(DeadlinePassed(waited_for, _)):
                assert stdio.stdout in waited_for
            case other:
                pytest.fail(f"{other}")

    def test_a_stderr_is_not_asked_for(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        """A terminal is one stream (T231)."""
        with_stderr = Stdio(stdio.stdin, stdio.stdout, "/not/there", terminal=True)
        self._begin(drive, terminals, with_stderr)

    def test_without_fifos_a_program_can_write_as_much_as_it_likes(
        self, drive: Drive, terminals: Terminals
    ) -> None:
        """More than a terminal holds: somebody reads and drops it (D39)."""
        self._begin(drive, terminals, Stdio(terminal=True))
        for _ in range(50):
            self.program_writes(b"x" * 1000)
            drive(self.settle())

    def test_a_size_reaches_the_program(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self._begin(drive, terminals, stdio)
        assert drive(terminals.resize(INIT, 120, 40)) == Success(None)
        assert self.program_sees_size() == (120, 40)
        assert drive(terminals.resize(INIT, 0, 0)) == Success(None)
        assert self.program_sees_size() == (0, 0)

    def test_a_size_that_came_before_the_terminal_is_kept_for_it(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        socket = drive(terminals.listen(INIT, stdio, LONG)).unwrap()
        assert drive(terminals.resize(INIT, 99, 33)) == Success(None)
        self.runc_connects(socket)
        drive(terminals.connected(INIT, LONG))
        assert self.program_sees_size() == (99, 33)

    def test_a_terminal_that_nobody_has_cannot_be_resized(
        self, drive: Drive, terminals: Terminals
    ) -> None:
        assert isinstance(drive(terminals.resize(INIT, 80, 25)).failure(), StdioFailed)

    def test_a_client_that_leaves_loses_nothing_when_it_returns(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self._begin(drive, terminals, stdio)
        self.client_leaves(stdio.stdout)
        self.program_writes(b"while you were away")
        drive(self.settle())
        self.client_opens(stdio.stdout)
        assert self.client_reads(stdio.stdout) == b"while you were away"
        assert not self.client_sees_end(stdio.stdout)

    def test_a_client_that_stops_typing_ends_nothing(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self._begin(drive, terminals, stdio)
        self.client_writes(stdio.stdin, b"a")
        self.client_leaves(stdio.stdin)
        drive(self.settle())
        assert self.program_reads() == b"a"
        assert not self.program_is_hung_up()

    def test_the_terminal_is_hung_up_when_both_the_client_and_we_have_closed_stdin(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        """As by runc.v2; what was written until then arrives first."""
        self._begin(drive, terminals, stdio)
        self.client_writes(stdio.stdin, b"a")
        for _ in range(2):
            drive(terminals.close_stdin(INIT))
        drive(self.settle())
        assert self.program_reads() == b"a"
        assert not self.program_is_hung_up()
        self.program_writes(b"last words")
        self.client_leaves(stdio.stdin)
        drive(self.settle())
        assert self.program_is_hung_up()
        assert self.client_reads(stdio.stdout) == b"last words"
        assert self.client_sees_end(stdio.stdout)

    def test_a_terminal_that_nobody_has_open_can_be_opened_again(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        """The end of the one who had it is not the end of the program."""
        self._begin(drive, terminals, stdio)
        self.program_writes(b"parent")
        self.program_ends()
        drive(self.settle())
        assert self.client_reads(stdio.stdout) == b"parent"
        assert not self.client_sees_end(stdio.stdout)
        self.program_opens_terminal_again()
        self.program_writes(b"child")
        drive(self.settle())
        assert self.client_reads(stdio.stdout) == b"child"

    def test_a_drain_copies_the_rest_and_then_the_client_sees_the_end(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self._begin(drive, terminals, stdio)
        self.program_writes(b"the rest")
        self.program_ends()
        drive(terminals.drain(INIT, SHORT))
        assert self.client_reads(stdio.stdout) == b"the rest"
        assert self.client_sees_end(stdio.stdout)

    def test_a_drain_does_not_wait_for_a_client_that_is_gone(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self._begin(drive, terminals, stdio)
        self.program_writes(b"unread")
        self.program_ends()
        self.client_leaves(stdio.stdout)
        drive(terminals.drain(INIT, LONG))

    def test_a_drain_is_over_in_time_when_somebody_keeps_the_terminal_open(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self._begin(drive, terminals, stdio)
        self.program_writes(b"from a child that stays")
        drive(terminals.drain(INIT, SHORT))
        assert self.program_is_hung_up()
        drive(terminals.drain(INIT, LONG))
        assert self.client_reads(stdio.stdout) == b"from a child that stays"
        assert self.client_sees_end(stdio.stdout)

    def test_a_terminal_that_never_came_can_be_drained_and_closed(
        self, drive: Drive, terminals: Terminals, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        drive(terminals.listen(INIT, stdio, LONG))
        drive(terminals.drain(INIT, LONG))
        assert self.client_sees_end(stdio.stdout)
        for _ in range(2):
            drive(terminals.close(INIT))

    def test_a_close_hangs_up(self, drive: Drive, terminals: Terminals, stdio: Stdio) -> None:
        self._begin(drive, terminals, stdio)
        for _ in range(2):
            drive(terminals.close(INIT))
        assert self.program_is_hung_up()
        assert self.client_sees_end(stdio.stdout)
