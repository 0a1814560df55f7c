"""Writing a line to a pipe that nobody may be reading, and never waiting for that."""

import os
import select
from typing import Final

# A write of so much is done whole or not at all (pipe(7)).
LINE_BYTES_MAX: Final = select.PIPE_BUF
_CUT: Final = b" [...]\n"


def fitted(line: str) -> bytes:
    """The line as bytes, cut so that it can be written whole."""
    data = line.encode(errors="backslashreplace")
    if len(data) <= LINE_BYTES_MAX:
        return data
    return data[: LINE_BYTES_MAX - len(_CUT)] + _CUT


def write(fd: int, line: bytes) -> bool:
    """False if it would have to wait, or nobody will ever read it.

    `fd` may be shared with others and without O_NONBLOCK: the kernel calls a pipe writable when
    a whole line fits.
    """
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    if poll.poll(0) != [(fd, select.POLLOUT)]:
        return False
    try:
        return os.write(fd, line) == len(line)
    except OSError:
        return False
