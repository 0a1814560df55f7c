"""One output FIFO of a process: what we hold of it, from the client's coming to its last byte."""

import asyncio
import os
from typing import Final

from adapters.stdio.inotify import IN_ACCESS, IN_CLOSE_WRITE, Inotify, Watch
from adapters.stdio.named_pipe import (
    has_reader,
    open_reader,
    open_writer,
    own_writer,
    unread,
)

# How often the rest is counted when nothing wakes us. A read wakes us (IN_ACCESS), except one
# by splice(2), of which Linux 6.1 tells nobody, and io.Copy of a Go client may splice.
LOOK_S: Final = 0.1


class Output:
    """The read end keeps a lost client from killing the program (F36, S26).

    The write end is there at two times. At first, from the moment that a client was found to
    read until the program's own writer was seen: without it the client, which our look has woken
    from its open(2), would read EOF before the program begins. And at the end, when the program
    is gone, to see when the client has read the rest.
    """

    def __init__(self, path: str, fifo: int, inotify: Inotify) -> None:
        """`fifo` is an O_PATH descriptor, ours from now on."""
        self.path: Final = path
        self._inotify: Final = inotify
        self._fifo = fifo
        self._reader = -1
        self._writer = -1
        self._watch: Watch | None = None
        self._news: asyncio.Event | None = None  # there is one while `deliver` waits

    def find_client(self) -> bool:
        """Takes both ends if a client reads, or waits to; else none."""
        # The writer first: our own read end would make the kernel believe in a client.
        writer = open_writer(self._fifo)
        if writer is None:
            return False
        self._writer = writer
        self.take_reader()
        return True

    def take_reader(self) -> None:
        """Takes the read end, client or not."""
        self._reader = open_reader(self._fifo)
        os.close(self._fifo)
        self._fifo = -1

    def take_writer(self) -> int:
        """The write end, for one who writes here himself; it stays ours to close."""
        if self._writer < 0:
            self._writer = own_writer(self._reader)
        return self._writer

    def yield_to_program(self) -> None:
        """Closes our writer as soon as another writer was closed: from then on EOF is theirs.

        Not at that writer's opening: an inotify event does not say whether a reader or a writer
        has opened. As the program's own writer lives as long as the program, the client reads
        EOF when the program ends and no earlier.
        """
        self._watch = self._inotify.watch(self._writer, IN_CLOSE_WRITE, self.close_writer)

    def close_writer(self) -> None:
        self._stop_watching()
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1

    def _stop_watching(self) -> None:
        """Before its descriptor is closed: the next to have that number is somebody else's."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        if self._news is not None:
            asyncio.get_running_loop().remove_reader(self._writer)
            self._news.set()
            self._news = None

    async def deliver(self, until: float) -> int:
        """Waits until the client has read everything or is gone; answers how much it has not.

        `until` is a time of the event loop. Afterwards no end is held. `close` ends the wait.
        """
        self._stop_watching()
        self.drop_reader()
        if self._writer < 0:
            return 0
        try:
            left = await self._wait_for_client(until)
        finally:
            self._stop_watching()
        self.close_writer()
        return left

    def drop_reader(self) -> None:
        """From now on a client that is gone shows; what it has not read stays with our writer."""
        if self._reader >= 0:
            self.take_writer()  # before: with neither end the kernel would drop what is there
            os.close(self._reader)
            self._reader = -1

    async def _wait_for_client(self, until: float) -> int:
        loop = asyncio.get_running_loop()
        writer, news = self._writer, asyncio.Event()

        def client_left() -> None:
            loop.remove_reader(writer)  # the condition lasts; it would be told for ever
            news.set()

        self._news = news
        self._watch = self._inotify.watch(writer, IN_ACCESS, news.set)
        loop.add_reader(writer, client_left)
        while self._writer == writer:
            left = unread(writer)
            if not left or not has_reader(writer) or loop.time() >= until:
                return left
            news.clear()
            await _at_most(news, min(LOOK_S, until - loop.time()))
        return 0

    def close(self) -> None:
        self.close_writer()
        for end in (self._reader, self._fifo):
            if end >= 0:
                os.close(end)
        self._reader = self._fifo = -1


async def _at_most(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await news.wait()
    except TimeoutError:
        pass
