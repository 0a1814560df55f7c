"""What a program writes to its terminal, on its way to the client."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

# A FIFO's capacity (pipe(7)): more could not be handed on at once, and this much is one turn's
# work for one terminal, so that a flood on it leaves the loop to others.
CHUNK: Final = 65536


class Screen:
    """Copies master to stdout FIFO, one chunk in each turn of the loop.

    Back-pressure is the kernel's own: while the FIFO is full nothing is read from the master, and
    the program waits in write(2). Without a FIFO (-1) everything is read and dropped (D39).
    """

    def __init__(self, master: int, fifo: int, ended: Callable[[], None]) -> None:
        """`ended` is called once, when one of the two ends that were asked for has come."""
        self._loop: Final = asyncio.get_running_loop()
        self._master: Final = master
        self._fifo = fifo
        self._ended: Final = ended
        self._rest = memoryview(b"")
        self._turn: asyncio.Handle | None = None
        self._waits_for_fifo = False
        self._readable = True
        self._hung_up = False
        self._ends_hung_up = False
        self._ends_quiet = False
        self._stopped = False
        self._lost = 0

    def changed(self) -> None:
        """There is something new at the master."""
        self._readable = True
        self._take_turn()

    def end_when_hung_up(self) -> None:
        """The program is gone: the end is there when no slave is open and all is copied."""
        self._ends_hung_up = True
        self._take_turn()

    def end_when_quiet(self) -> None:
        """The end is there as soon as all is copied that was written so far."""
        self._ends_quiet = True
        self._readable = True
        self._take_turn()

    def stop(self) -> int:
        """Stops at once; answers how many bytes were read from the master and not handed on."""
        self._stopped = True
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        self._ignore_fifo()
        return self._lost + len(self._rest)

    def _take_turn(self) -> None:
        if self._turn is None and not self._waits_for_fifo and not self._stopped:
            self._turn = self._loop.call_soon(self._advance)

    def _advance(self) -> None:
        self._turn = None
        self._write()
        if not self._rest and self._readable:
            self._rest = memoryview(self._read())
            self._write()
        if self._rest:
            self._wait_for_fifo()
        elif self._readable:
            self._take_turn()
        elif self._ends_quiet or (self._ends_hung_up and self._hung_up):
            self.stop()
            self._ended()

    def _read(self) -> bytes:
        parts: list[bytes] = []  # a terminal gives 4 KiB at most for each read
        missing = CHUNK
        while missing > 0:
            try:
                part = os.read(self._master, missing)
            except BlockingIOError:
                self._readable = False
                break
            except OSError:
                # EIO: no slave is open. Not the end: another process may open one, and then the
                # master has something new to tell.
                self._readable, self._hung_up = False, True
                break
            self._hung_up = False
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _write(self) -> None:
        while self._rest and self._fifo >= 0:
            try:
                self._rest = self._rest[os.write(self._fifo, self._rest) :]
            except BlockingIOError:
                return
            except BrokenPipeError:  # our own read end is gone too: nobody will ever read
                self._lost += len(self._rest)
                self._fifo = -1
        self._rest = memoryview(b"")

    def _wait_for_fifo(self) -> None:
        self._waits_for_fifo = True
        self._loop.add_writer(self._fifo, self._fifo_has_room)

    def _fifo_has_room(self) -> None:
        self._ignore_fifo()
        self._take_turn()

    def _ignore_fifo(self) -> None:
        if self._waits_for_fifo:
            self._loop.remove_writer(self._fifo)
            self._waits_for_fifo = False
