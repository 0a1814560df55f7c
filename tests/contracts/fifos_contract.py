"""What every Fifos port does, be it the fake or the kernel's FIFOs.

A test class gives `drive`, `fifos` and `stdio` (three FIFOs that are there), and plays the two
others: the client, who has made the FIFOs, and the program, for whom systemd opens them by name
between `open` and the program's begin.
"""

from math import inf

import pytest
from returns.result import Failure, Success

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.limits import Seconds
from domain.ports.streams import Fifos
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio
from tests.contracts.drive import Drive

OWNER = ContainerKey(Namespace("default"), ContainerId("web"))
INIT = ProcessKey(OWNER)
EXEC = ProcessKey(OWNER, ExecId("sh"))
SHORT = Seconds(0.05)
# Whoever waits until it is over fails the test: nothing more comes, or pytest loses its patience.
LONG = Seconds(inf)


class FifosContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def fifos(self) -> Fifos:
        raise NotImplementedError

    @pytest.fixture
    def stdio(self) -> Stdio:
        raise NotImplementedError

    async def settle(self) -> None:
        """Lets the port notice what has happened."""
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

    def client_leaves(self, path: str) -> None:
        """Closes its end, of whichever kind."""
        raise NotImplementedError

    def client_follows(self, path: str) -> None:
        """Opens and reads on its own from now on, until EOF."""
        raise NotImplementedError

    def client_has_followed(self, path: str) -> bytes:
        """Waits for the EOF of `client_follows`; answers all that was read."""
        raise NotImplementedError

    def client_writes(self, path: str, text: bytes) -> None:
        """Opens for writing, if it has not, and writes."""
        raise NotImplementedError

    def program_begins(self, stdio: Stdio) -> None:
        """systemd has opened the FIFOs for it; not one of the opens had to wait."""
        raise NotImplementedError

    def program_writes(self, path: str, text: bytes) -> bool:
        """False: nobody reads, and SIGPIPE has ended the program."""
        raise NotImplementedError

    def program_reads(self) -> bytes:
        """All that is there now at stdin."""
        raise NotImplementedError

    def program_sees_end(self) -> bool:
        """Whether a read of stdin would answer EOF now."""
        raise NotImplementedError

    def program_ends(self) -> None:
        """Every end of it is closed."""
        raise NotImplementedError

    def _begin(self, drive: Drive, fifos: Fifos, stdio: Stdio) -> None:
        for path in dict.fromkeys((stdio.stdout, stdio.stderr)):
            if path:
                self.client_opens(path)
        assert drive(fifos.open(INIT, stdio, LONG)) == Success(None)
        self.program_begins(stdio)

    def test_output_arrives_in_order_and_ends_when_the_program_ends(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        """Before any drain: containerd's client waits for EOF before it asks for a Delete."""
        self._begin(drive, fifos, stdio)
        for text in (b"one ", b"two ", b"three"):
            assert self.program_writes(stdio.stdout, text)
        assert self.program_writes(stdio.stderr, b"oops")
        self.program_ends()
        drive(self.settle())
        assert self.client_reads(stdio.stdout) == b"one two three"
        assert self.client_sees_end(stdio.stdout)
        assert self.client_reads(stdio.stderr) == b"oops"
        assert self.client_sees_end(stdio.stderr)

    def test_there_is_no_end_before_the_program_has_begun(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        self.client_opens(stdio.stderr)
        drive(fifos.open(INIT, stdio, LONG))
        drive(self.settle())
        assert not self.client_sees_end(stdio.stdout)
        self.program_begins(stdio)
        drive(self.settle())
        assert not self.client_sees_end(stdio.stdout)

    def test_a_fifo_that_is_missing_is_refused(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        for broken in (
            Stdio(stdin=f"{stdio.stdin}-not", stdout=stdio.stdout),
            Stdio(stdout=stdio.stdout, stderr=f"{stdio.stderr}-not"),
        ):
            refused = drive(fifos.open(INIT, broken, LONG))
            assert isinstance(refused.failure(), StdioFailed)
            assert isinstance(drive(fifos.reopen(INIT, broken)).failure(), StdioFailed)

    def test_a_fifo_that_no_client_opens_is_named_when_the_time_is_over(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        match drive(fifos.open(INIT, stdio, SHORT)):
            case Failure(DeadlinePassed(waited_for, limit_s)):
                assert stdio.stderr in waited_for
                assert limit_s == SHORT
            case other:
                pytest.fail(f"{other}")

    def test_after_a_failure_the_client_sees_the_end(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        """Nothing is held: neither a reader that would hide a lost client nor a writer."""
        self.client_opens(stdio.stdout)
        drive(fifos.open(INIT, stdio, SHORT))
        assert self.client_sees_end(stdio.stdout)

    def test_without_any_fifo_there_is_nothing_to_wait_for(
        self, drive: Drive, fifos: Fifos
    ) -> None:
        assert drive(fifos.open(INIT, Stdio(), SHORT)) == Success(None)
        drive(fifos.close_stdin(INIT))
        drive(fifos.drain(INIT, LONG))

    def test_one_fifo_for_both_outputs_is_served_once(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        both = Stdio(stdout=stdio.stdout, stderr=stdio.stdout)
        self._begin(drive, fifos, both)
        assert self.program_writes(both.stdout, b"text")
        self.program_ends()
        drive(self.settle())
        assert self.client_reads(both.stdout) == b"text"
        assert self.client_sees_end(both.stdout)

    def test_a_client_that_leaves_ends_nobody_and_loses_nothing_when_it_returns(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.client_leaves(stdio.stdout)
        assert self.program_writes(stdio.stdout, b"while you were away")
        self.client_opens(stdio.stdout)
        assert self.client_reads(stdio.stdout) == b"while you were away"
        assert self.program_writes(stdio.stdout, b"and after")
        assert self.client_reads(stdio.stdout) == b"and after"

    def test_a_client_that_stops_writing_is_no_end_of_input(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.client_writes(stdio.stdin, b"first")
        self.client_leaves(stdio.stdin)
        assert self.program_reads() == b"first"
        assert not self.program_sees_end()
        self.client_writes(stdio.stdin, b"second")
        assert self.program_reads() == b"second"

    def test_input_ends_when_both_the_client_and_we_have_closed_it(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.client_writes(stdio.stdin, b"all")
        for _ in range(2):
            drive(fifos.close_stdin(INIT))
        assert self.program_reads() == b"all"
        assert not self.program_sees_end()
        self.client_leaves(stdio.stdin)
        assert self.program_sees_end()

    def test_what_a_client_wrote_before_the_program_began_is_there(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self.client_opens(stdio.stdout)
        self.client_opens(stdio.stderr)
        drive(fifos.open(INIT, stdio, LONG))
        self.client_writes(stdio.stdin, b"early")
        self.client_leaves(stdio.stdin)
        self.program_begins(stdio)
        assert self.program_reads() == b"early"

    def test_a_drain_ends_when_the_client_has_read_everything(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.program_writes(stdio.stdout, b"x" * 5000)
        self.program_ends()
        self.client_leaves(stdio.stdout)
        self.client_follows(stdio.stdout)
        drive(fifos.drain(INIT, LONG))
        assert self.client_has_followed(stdio.stdout) == b"x" * 5000

    def test_a_drain_does_not_wait_for_a_client_that_is_gone(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.program_writes(stdio.stdout, b"unread")
        self.program_ends()
        self.client_leaves(stdio.stdout)
        drive(fifos.drain(INIT, LONG))

    def test_a_drain_waits_no_longer_than_it_may_and_can_be_repeated(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.program_writes(stdio.stdout, b"unread")
        self.program_ends()
        drive(fifos.drain(INIT, SHORT))
        drive(fifos.drain(INIT, LONG))
        assert self.client_reads(stdio.stdout) == b"unread"
        assert self.client_sees_end(stdio.stdout)

    def test_a_program_that_never_ran_can_be_drained(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        """What waits for the end is not what holds it back (F39)."""
        self.client_opens(stdio.stdout)
        self.client_opens(stdio.stderr)
        drive(fifos.open(INIT, stdio, LONG))
        drive(fifos.drain(INIT, LONG))
        assert self.client_sees_end(stdio.stdout)

    def test_after_a_close_no_end_of_ours_is_left(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        for _ in range(2):
            drive(fifos.close(INIT))
        self.client_leaves(stdio.stdout)
        assert not self.program_writes(stdio.stdout, b"nobody reads")
        assert self.program_sees_end()

    def test_two_processes_do_not_touch_each_others_ends(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, Stdio(stdin=stdio.stdin, stdout=stdio.stdout))
        self.client_opens(stdio.stderr)
        assert drive(fifos.open(EXEC, Stdio(stdout=stdio.stderr), LONG)) == Success(None)
        drive(fifos.drain(EXEC, LONG))
        drive(fifos.close(EXEC))
        self.client_leaves(stdio.stdout)
        assert self.program_writes(stdio.stdout, b"still held")
        assert not self.program_sees_end()

    def test_after_a_restart_the_ends_are_held_again_without_a_client(
        self, drive: Drive, fifos: Fifos, stdio: Stdio
    ) -> None:
        self._begin(drive, fifos, stdio)
        self.client_leaves(stdio.stdout)
        assert drive(fifos.reopen(INIT, stdio)) == Success(None)
        assert self.program_writes(stdio.stdout, b"kept")
        assert not self.program_sees_end()
        self.client_opens(stdio.stdout)
        self.program_ends()
        assert self.client_reads(stdio.stdout) == b"kept"
        assert self.client_sees_end(stdio.stdout)
