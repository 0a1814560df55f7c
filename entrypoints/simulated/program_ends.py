"""A simulated program's own ends of its client's FIFOs, which are real.

They are opened by name when runc makes the process, as systemd does it, and closed when it has
ended and everything is written: that is the client's EOF. The shim's ends are others'
(adapters/stdio), and go with the shim.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from typing import Final

from domain.request import Stdio
from entrypoints.simulated.programs import Script

_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
_BYTES: Final = 65_536


class Voice:
    """One output. What no reader wants is dropped, as a program that ignores EPIPE would do."""

    def __init__(self, path: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = _opened(path, _WRITE)
        self._unsaid = b""
        self._is_ending = False

    def say(self, text: bytes) -> None:
        if self._end >= 0:
            is_first = not self._unsaid
            self._unsaid += text
            if is_first and text:
                self._write()

    def finish(self) -> None:
        """Closes it as soon as everything is written."""
        self._is_ending = True
        if not self._unsaid:
            self.close()

    def close(self) -> None:
        if self._end >= 0:
            self._loop.remove_writer(self._end)
            os.close(self._end)
            self._end = -1

    def _write(self) -> None:
        try:
            while self._unsaid:
                self._unsaid = self._unsaid[os.write(self._end, self._unsaid) :]
        except BlockingIOError:
            self._loop.add_writer(self._end, self._write)
            return
        except BrokenPipeError:
            self._unsaid = b""
        self._loop.remove_writer(self._end)
        if self._is_ending:
            self.close()


class ProgramEnds:
    """All of one program's. `input_ended` is called once, when its standard input is at EOF."""

    def __init__(self, script: Script, stdio: Stdio, input_ended: Callable[[], None]) -> None:
        self._script = script
        self._terminal = stdio.terminal
        self._input_ended = input_ended
        self._loop = asyncio.get_running_loop()
        self._stdin = _opened(stdio.stdin, _READ)
        self._stdout = Voice(stdio.stdout)
        self._stderr = self._stdout if stdio.terminal else Voice(stdio.stderr)

    def begin(self) -> None:
        """The program runs: it says what it has to say, and reads."""
        self._stdout.say(self._shown(self._script.output.encode()))
        self._stderr.say(self._shown(self._script.errors.encode()))
        if self._stdin >= 0:
            self._loop.add_reader(self._stdin, self._read)
        else:
            # As /dev/null, but not before the kernel has made it a running program.
            self._loop.call_soon(self._input_ended)

    def end(self) -> None:
        """The program has ended."""
        self._stop_reading()
        self._stdout.finish()
        self._stderr.finish()

    def close(self) -> None:
        self._stop_reading()
        self._stdout.close()
        self._stderr.close()

    def _read(self) -> None:
        try:
            text = os.read(self._stdin, _BYTES)
        except BlockingIOError:
            return
        if text and self._script.echoes:
            self._stdout.say(self._shown(text))
        elif not text:
            self._stop_reading()
            self._input_ended()

    def _stop_reading(self) -> None:
        if self._stdin >= 0:
            self._loop.remove_reader(self._stdin)
            os.close(self._stdin)
            self._stdin = -1

    def _shown(self, text: bytes) -> bytes:
        """A terminal makes two characters of a line's end (termios(3), ONLCR)."""
        return text.replace(b"\n", b"\r\n") if self._terminal else text


def _opened(path: str, flags: int) -> int:
    """-1 where there is no FIFO or, for an output, nobody who reads it (ENXIO)."""
    if not path:
        return -1
    with contextlib.suppress(OSError):
        return os.open(path, flags)
    return -1
