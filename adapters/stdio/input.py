"""The input FIFO of a process: what we hold of it until CloseIO, and until the program's end."""

import os
from typing import Final

from adapters.stdio.inotify import IN_OPEN, Inotify, Watch
from adapters.stdio.named_pipe import has_reader, open_reader, own_writer


class Input:
    """The write end keeps the client's leaving from being EOF (T227).

    The read end, from which nobody reads, keeps what the client wrote before the program has
    opened the FIFO, and the client from EPIPE while nobody else reads.
    """

    def __init__(self, path: str, fifo: int, inotify: Inotify) -> None:
        """`fifo` is an O_PATH descriptor, ours from now on."""
        self.path: Final = path
        self._inotify: Final = inotify
        self._fifo = fifo
        self._reader = -1
        self._writer = -1
        self._watch: Watch | None = None

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

    def end_with_client(self) -> None:
        """EOF comes from the client alone, from the moment that the program reads (CloseIO).

        Not before: without any writer systemd would wait for one in its open(2), for as long as
        a start may take, and a client that has written and gone would never send it one.
        """
        if self._writer < 0 or self._watch is not None:
            return
        try:
            self._watch = self._inotify.watch(self._writer, IN_OPEN, self._close_if_program_reads)
        except OSError:  # the user's watches are used up: the program most likely reads already
            self.close_writer()
            return
        # Ours would hide whether there is another. What was written stays with our writer.
        self._close_reader()
        self._close_if_program_reads()

    def _close_if_program_reads(self) -> None:
        if has_reader(self._writer):
            self.close_writer()

    def close_writer(self) -> None:
        """EOF comes from the client alone, at once: for one who reads here himself."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def _close_reader(self) -> None:
        if self._reader >= 0:
            os.close(self._reader)
            self._reader = -1

    def close(self) -> None:
        self.close_writer()
        self._close_reader()
        if self._fifo >= 0:
            os.close(self._fifo)
            self._fifo = -1
