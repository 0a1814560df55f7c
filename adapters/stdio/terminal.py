"""One terminal: its master, the client's FIFOs, and the copying between them."""

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
from typing import Final

from adapters.stdio.edges import Edges
from adapters.stdio.ends import Ends
from adapters.stdio.keyboard import Keyboard
from adapters.stdio.output import Output
from adapters.stdio.screen import Screen

_WINSIZE: Final = struct.Struct("HHHH")  # rows, columns, and two that nobody uses (tty_ioctl(4))
_WORD: Final = 0xFFFF


class Terminal:
    """The copying ends with the output, never with the input (D37).

    Except that after CloseIO, once the client has closed its end too, the terminal is hung up as
    by runc.v2: the program gets SIGHUP and reads EOF. What it has written until then is copied
    first. Without that every `kubectl exec -it` whose client is lost would leave a shell.
    """

    def __init__(self, ends: Ends, edges: Edges) -> None:
        self._ends: Final = ends
        self._edges: Final = edges
        self._ended: Final = asyncio.Event()
        self._master = -1
        self._screen: Screen | None = None
        self._keyboard: Keyboard | None = None
        self._size: bytes | None = None
        self._draining = False
        self._closed = False
        self._lost = 0

    @property
    def _output(self) -> Output | None:
        return self._ends.outputs[0] if self._ends.outputs else None

    def connect(self, master: int) -> None:
        """Takes the master, which is ours from now on, and begins to copy."""
        if self._closed:
            os.close(master)
            return
        os.set_blocking(master, False)
        self._master = master
        output, stdin = self._output, self._ends.stdin
        self._screen = Screen(master, -1 if output is None else output.take_writer(), self._hang_up)
        if stdin is not None:
            self._keyboard = Keyboard(stdin.reader, master, self._screen.end_when_quiet)
        self._edges.watch(master, self._changed)
        if self._size is not None:
            fcntl.ioctl(master, termios.TIOCSWINSZ, self._size)

    def _changed(self) -> None:
        if self._screen is not None:
            self._screen.changed()
        if self._keyboard is not None:
            self._keyboard.changed()

    def resize(self, width: int, height: int) -> None:
        """Columns and rows, cut to 16 bits. Raises OSError."""
        self._size = _WINSIZE.pack(height & _WORD, width & _WORD, 0, 0)
        if self._master >= 0:
            fcntl.ioctl(self._master, termios.TIOCSWINSZ, self._size)

    def close_stdin(self) -> None:
        self._ends.close_stdin()

    async def drain(self, until: float) -> int:
        """The program is gone: copies the rest; answers how much no client has taken by `until`.

        `until` is a time of the event loop. Only `close` is left to do afterwards.
        """
        self._draining = True
        self._stop_keyboard()
        if self._ends.stdin is not None:
            self._ends.stdin.close()
        output = self._output
        if output is not None:
            output.drop_reader()
        if self._screen is not None:
            self._screen.end_when_hung_up()
            with contextlib.suppress(TimeoutError):  # a child of the program has it open still
                async with asyncio.timeout_at(until):
                    await self._ended.wait()
        self._hang_up()
        left = 0 if output is None else await output.deliver(until)
        lost, self._lost = self._lost, 0
        return lost + left

    def _stop_keyboard(self) -> None:
        if self._keyboard is not None:
            self._keyboard.stop()
            self._keyboard = None

    def _hang_up(self) -> None:
        """Gives the master back; the slave side, if any is left, is hung up by that."""
        self._stop_keyboard()
        if self._screen is not None:
            self._lost += self._screen.stop()
            self._screen = None
        if self._master >= 0:
            self._edges.forget(self._master)
            os.close(self._master)
            self._master = -1
        if self._output is not None and not self._draining:
            self._output.close_writer()
        self._ended.set()

    def close(self) -> None:
        self._closed = True
        self._hang_up()
        self._ends.close()
