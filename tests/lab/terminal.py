"""A real terminal with a command behind it, for tests that type and read like a person."""

import fcntl
import os
import select
import struct
import subprocess
import termios
import time
from types import TracebackType
from typing import Final, Self

CHUNK: Final = 65536


class Terminal:
    """The master of a pseudo-terminal whose slave is a command's standard input and output.

    The command makes it its controlling terminal itself (`setsid --ctty`), in its own pid
    namespace: a shell must see the session and process group that the terminal belongs to.
    """

    def __init__(self, argv: list[str], rows: int = 24, columns: int = 80) -> None:
        self._master, slave = os.openpty()
        self._unread = b""
        self.resize(rows, columns)
        try:
            self._process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave)
        finally:
            os.close(slave)

    def resize(self, rows: int, columns: int) -> None:
        """Sets the window's size; the foreground process gets SIGWINCH."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text: str) -> None:
        """Types the text; "\\r" is the return key, "\\x03" Ctrl-C, "\\x04" Ctrl-D."""
        data = text.encode()
        while data:
            data = data[os.write(self._master, data) :]

    def read_until(self, text: str, timeout: float = 30) -> str:
        """Everything up to and including the text; AssertionError after `timeout` seconds."""
        wanted = text.encode()
        deadline = time.monotonic() + timeout
        while wanted not in self._unread:
            if not self._read_more(deadline):
                raise AssertionError(f"the terminal never showed {text!r}, only {self._unread!r}")
        end = self._unread.index(wanted) + len(wanted)
        seen, self._unread = self._unread[:end], self._unread[end:]
        return seen.decode(errors="replace")

    def read_bytes(self, count: int, timeout: float = 60) -> bytes:
        """So many; fewer if no more came in time, or the terminal was closed."""
        deadline = time.monotonic() + timeout
        read, self._unread = bytearray(self._unread), b""
        while len(read) < count and self._read_more(deadline):
            read += self._unread
            self._unread = b""
        self._unread = bytes(read[count:])
        return bytes(read[:count])

    def read_to_end(self, timeout: float = 60) -> bytes:
        """All until the last process has closed the terminal; AssertionError if none has."""
        deadline = time.monotonic() + timeout
        parts = [self._unread]
        self._unread = b""
        while self._read_more(deadline):
            parts.append(self._unread)
            self._unread = b""
        if time.monotonic() >= deadline:
            raise AssertionError(f"the terminal is still open after {timeout} s")
        return b"".join(parts)

    def wait(self, timeout: float = 30) -> int:
        """The command's exit status."""
        return self._process.wait(timeout)

    def close(self) -> None:
        """Hangs up, as a closed terminal window does."""
        if self._master < 0:
            return
        os.close(self._master)
        self._master = -1
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read_more(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, CHUNK)
        except OSError:  # EIO: the last one has closed the slave (pty(7))
            return False
        self._unread += data
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
