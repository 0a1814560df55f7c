"""The input FIFO of a process: what we hold of it until CloseIO, and until the program's end."""

import os
from typing import Final

from adapters.stdio.named_pipe import open_reader, own_writer


class Input:
    """The write end keeps the client's leaving from being EOF (T227).

    The read end, from which nobody reads, keeps what the client wrote before the program has
    opened the FIFO, and the client from EPIPE while nobody else reads.
    """

    def __init__(self, path: str, fifo: int) -> None:
        """`fifo` is an O_PATH descriptor, ours from now on."""
        self.path: Final = path
        self._fifo = fifo
        self._reader = -1
        self._writer = -1

    def take(self) -> None:
        """Takes both ends, client or not; a client that waits in open(2) goes on."""
        self._reader = open_reader(self._fifo)
        self._writer = own_writer(self._fifo)
        os.close(self._fifo)
        self._fifo = -1

    @property
    def reader(self) -> int:
        """For one who reads here himself; it stays ours to close. -1 after `close`."""
        return self._reader

    def close_writer(self) -> None:
        """EOF comes now from the client alone (CloseIO)."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def close(self) -> None:
        self.close_writer()
        for end in (self._reader, self._fifo):
            if end >= 0:
                os.close(end)
        self._reader = self._fifo = -1
