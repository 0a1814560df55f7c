"""What a client writes to its terminal, on its way to the program."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from adapters.stdio.screen import CHUNK


class Keyboard:
    """Copies stdin FIFO to master, one chunk in each turn of the loop.

    While the terminal takes no more (the program does not read), nothing is read from the FIFO,
    and the client waits in its write(2).
    """

    def __init__(self, fifo: int, master: int, ended: Callable[[], None]) -> None:
        """`ended` is called once, when the last writer of the FIFO is gone and all is copied."""
        self._loop: Final = asyncio.get_running_loop()
        self._fifo: Final = fifo
        self._master: Final = master
        self._ended: Final = ended
        self._rest = memoryview(b"")
        self._stopped = False
        self._listen()

    def changed(self) -> None:
        """There is something new at the master, room perhaps."""
        if self._rest and not self._stopped:
            self._write()
            if not self._rest:
                self._listen()

    def stop(self) -> None:
        self._stopped = True
        self._loop.remove_reader(self._fifo)

    def _listen(self) -> None:
        self._loop.add_reader(self._fifo, self._advance)

    def _advance(self) -> None:
        try:
            self._rest = memoryview(os.read(self._fifo, CHUNK))
        except BlockingIOError:
            return
        if not self._rest:
            self.stop()
            self._ended()
            return
        self._write()
        if self._rest:
            self._loop.remove_reader(self._fifo)

    def _write(self) -> None:
        while self._rest:
            try:
                self._rest = self._rest[os.write(self._master, self._rest) :]
            except BlockingIOError:
                return
            except OSError:
                # EIO: the terminal is hung up, so there is nobody whom this could reach. The
                # next to open it did not ask for what was typed before.
                self._rest = memoryview(b"")
