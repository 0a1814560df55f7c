"""The journal's native protocol: one datagram for each entry (systemd.io/JOURNAL_NATIVE_PROTOCOL).

Sending never blocks: what does not fit the socket now is dropped and counted, and the count goes
out with the next entry that does.
"""

import errno
import fcntl
import os
import socket
import sys
from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

SOCKET: Final = "/run/systemd/journal/socket"

_ALL_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_ABSENT: Final = frozenset({errno.ENOENT, errno.ECONNREFUSED, errno.ENOTDIR, errno.EACCES})
_TOO_LARGE: Final = frozenset({errno.EMSGSIZE, errno.ENOBUFS})


class Sent(Enum):
    """What became of an entry."""

    YES = auto()
    DROPPED = auto()  # the journal does not keep up
    ABSENT = auto()  # there is no journal


class Journald:
    """Sends from any thread; looks the path up each time, as journald may be restarted."""

    def __init__(self, path: str = SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(
            socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        )
        self.dropped = 0

    def send(self, fields: Mapping[str, str]) -> Sent:
        """Field names are upper case letters, digits and underscores, and do not begin with one."""
        entry = encode(fields)
        try:
            self._send(entry)
        except OSError as error:
            if error.errno in _ABSENT:
                return Sent.ABSENT
            self.dropped += 1
            return Sent.DROPPED
        return Sent.YES

    def close(self) -> None:
        self._socket.close()

    def _send(self, entry: bytes) -> None:
        try:
            self._socket.sendto(entry, self._path)
        except OSError as error:
            if error.errno not in _TOO_LARGE:
                raise
            self._send_as_file(entry)

    def _send_as_file(self, entry: bytes) -> None:
        """journald takes a file only if nobody can change it any more."""
        fd = os.memfd_create("journal-entry", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.write(fd, entry)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _ALL_SEALS)
            rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, fd.to_bytes(4, sys.byteorder))
            # Not socket.send_fds: it forgets the address (seen on 3.11).
            self._socket.sendmsg([], [rights], 0, self._path)
        finally:
            os.close(fd)


def encode(fields: Mapping[str, str]) -> bytes:
    r"""The fields of one entry.

    >>> encode({"MESSAGE": "up"})
    b'MESSAGE=up\n'
    """
    return b"".join(_field(name.encode(), value) for name, value in fields.items())


def _field(name: bytes, value: str) -> bytes:
    data = value.encode(errors="backslashreplace")
    if b"\n" in data:
        return name + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
    return name + b"=" + data + b"\n"
