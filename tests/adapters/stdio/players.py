"""The client and the program at real FIFOs, played by the test."""

import asyncio
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path

from adapters.stdio.inotify import Inotify
from domain.identity import ContainerKey, ProcessKey
from domain.ports.log import Level
from domain.request import Stdio

CHUNK = 65536


class Said:
    """A log that remembers."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, level: Level, about: ProcessKey | ContainerKey | None, text: str) -> None:
        self.texts.append(f"{level.name} {about}: {text}")


async def settle() -> None:
    """Enough turns of the loop for what the kernel has told already."""
    await asyncio.sleep(0.03)


async def closed(inotify: Inotify) -> None:
    """Its end, in the loop in which it was used."""
    inotify.close()


def open_descriptors() -> list[str]:
    return sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - as the kernel names them


def make_fifos(folder: Path) -> Stdio:
    stdin, stdout, stderr = (os.fspath(folder / name) for name in ("in", "out", "err"))
    for path in (stdin, stdout, stderr):
        os.mkfifo(path, 0o700)
    return Stdio(stdin, stdout, stderr)


def has_end(descriptor: int) -> bool:
    """Whether a read would answer EOF now."""
    look = select.poll()
    look.register(descriptor, select.POLLIN)
    return [event for _, event in look.poll(0)] == [select.POLLHUP]


def has_end_after(descriptor: int, text: bytes) -> bool:
    return read_now(descriptor) == text and has_end(descriptor)


def read_now(descriptor: int) -> bytes:
    parts: list[bytes] = []
    try:
        while part := os.read(descriptor, CHUNK):
            parts.append(part)
    except BlockingIOError:
        pass
    return b"".join(parts)


class Follower:
    """Reads as clients do, from before the first writer until EOF, in a thread of its own."""

    def __init__(self, path: str) -> None:
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._follow, args=(self._begin(path),), daemon=True)
        self._thread.start()

    def _begin(self, path: str) -> Callable[[], int]:
        # Here and not in the thread: from this line on there is a reader, and not a little later.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

        def with_a_writer() -> int:
            # Without one yet a read would answer EOF; poll(2) waits for the first.
            news = select.poll()
            news.register(descriptor, select.POLLIN)
            news.poll()
            os.set_blocking(descriptor, True)
            return descriptor

        return with_a_writer

    def _follow(self, opened: Callable[[], int]) -> None:
        descriptor = opened()
        try:
            while part := os.read(descriptor, CHUNK):
                self._parts.append(part)
        finally:
            os.close(descriptor)

    def is_reading(self) -> bool:
        return self._thread.is_alive()

    def whole(self) -> bytes:
        self._thread.join(60)
        assert not self._thread.is_alive(), "the client never saw EOF"
        return b"".join(self._parts)


class PatientFollower(Follower):
    """Waits for a writer in its open(2), as most clients do."""

    def _begin(self, path: str) -> Callable[[], int]:
        return lambda: os.open(path, os.O_RDONLY)


class Players:
    """Every end that the test itself holds, by path."""

    def __init__(self) -> None:
        self.client: dict[str, int] = {}
        self.program: dict[str, int] = {}

    def close(self) -> None:
        for ends in (self.client, self.program):
            for descriptor in ends.values():
                os.close(descriptor)
            ends.clear()

    def client_opens(self, path: str) -> None:
        self.client[path] = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def client_writes(self, path: str, text: bytes) -> None:
        if path not in self.client:
            self.client[path] = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        assert os.write(self.client[path], text) == len(text)

    def program_begins(self, stdio: Stdio) -> None:
        if stdio.stdin:
            # Without O_NONBLOCK: it must not have to wait here, or the test's time is over.
            self.program["stdin"] = os.open(stdio.stdin, os.O_RDONLY)
            os.set_blocking(self.program["stdin"], False)
        for path in dict.fromkeys((stdio.stdout, stdio.stderr)):
            if path:
                self.program[path] = os.open(path, os.O_WRONLY)

    def program_writes(self, path: str, text: bytes) -> bool:
        try:
            return os.write(self.program[path], text) == len(text)
        except BrokenPipeError:
            return False

    def program_ends(self) -> None:
        for descriptor in self.program.values():
            os.close(descriptor)
        self.program.clear()
