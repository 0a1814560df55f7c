"""What the rules ask about a process's stdio: FIFOs of the client, or a terminal."""

from typing import Protocol

from returns.result import Result

from domain.identity import ProcessKey
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, StdioFailed
from domain.request import Stdio


class Streams(Protocol):
    """What both kinds have in common. Each call but the opening ones is repeatable."""

    async def close_stdin(self, process: ProcessKey) -> None:
        """The program sees EOF once the client has closed its end too (T227).

        To be asked when the program has its stdin: before, its open would wait for a writer.
        """
        ...

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        """Waits until the client has read what the ended program wrote, or is gone itself."""
        ...

    async def close(self, process: ProcessKey) -> None:
        """Closes every end that is held for this process (T245)."""
        ...


class Fifos(Streams, Protocol):
    """Holds only the counterpart ends: a lost client sends no SIGPIPE, EOF stays visible (F36)."""

    async def open(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        """Takes the ends. StdioFailed: a path is missing or no FIFO (T241).

        DeadlinePassed names the FIFO that no client opened (T242); then nothing is held.
        """
        ...

    async def reopen(self, process: ProcessKey, stdio: Stdio) -> Result[None, StdioFailed]:
        """Takes the ends again after a restart of the daemon, client or not."""
        ...


class Terminals(Streams, Protocol):
    """The master stays in the daemon, which copies both ways; no helper process (D37)."""

    async def listen(
        self, process: ProcessKey, stdio: Stdio, within: Seconds
    ) -> Result[str, StdioFailed | DeadlinePassed]:
        """Opens the client's FIFOs and a console socket; answers the socket's path for runc."""
        ...

    async def connected(
        self, process: ProcessKey, within: Seconds
    ) -> Result[None, StdioFailed | DeadlinePassed]:
        """Waits until runc has sent the master; from then on it is copied."""
        ...

    async def resize(
        self, process: ProcessKey, width: int, height: int
    ) -> Result[None, StdioFailed]:
        """Sets the window size; without a master yet it is kept for when there is one."""
        ...
