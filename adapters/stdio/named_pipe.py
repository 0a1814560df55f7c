"""Ends of FIFOs: found, checked and opened without ever waiting (fifo(7))."""

import errno
import fcntl
import os
import select
import stat
import struct
import termios

from returns.result import Failure, Result, Success

from domain.refusal import StdioFailed


def locate(path: str) -> Result[int, StdioFailed]:
    """An O_PATH descriptor of the FIFO, from which its ends are opened.

    So all ends are of one and the same FIFO, whatever its path names later; and what is no FIFO
    is not opened at all, which would block or do worse with some devices.
    """
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        return Failure(StdioFailed(f"fifo {path}: {error.strerror}"))
    if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        return Success(descriptor)
    os.close(descriptor)
    return Failure(StdioFailed(f"file {path} is not fifo"))


def open_reader(fifo: int) -> int:
    """A read end; never waits for a writer. `fifo` is any descriptor of it."""
    return os.open(f"/proc/self/fd/{fifo}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def open_writer(fifo: int) -> int | None:
    """A write end, or None while nobody has opened the FIFO for reading or is about to.

    It ends the wait of a reader that is blocked in open(2), which then sees EOF as soon as the
    last writer is gone: closing this end again before another writer has come ends that client.
    """
    try:
        return os.open(f"/proc/self/fd/{fifo}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise


def own_writer(fifo: int) -> int:
    """A write end where our own read end is open, so that there is nobody to wait for."""
    writer = open_writer(fifo)
    if writer is None:
        raise AssertionError("a FIFO that we read has no reader")
    return writer


def unread(end: int) -> int:
    """Bytes that were written and that no reader has taken yet."""
    (count,) = struct.unpack("i", fcntl.ioctl(end, termios.FIONREAD, bytes(4)))
    return int(count)


def has_reader(writer: int) -> bool:
    look = select.poll()
    look.register(writer, 0)  # POLLERR, no reader left, is told unasked
    return not look.poll(0)
