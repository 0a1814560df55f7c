"""Reads journal entries as journald does, from a socket in its place."""

import os
import socket

import pytest


def decode(entry: bytes) -> dict[str, str]:
    """As journald reads it (systemd.io/JOURNAL_NATIVE_PROTOCOL)."""
    fields: dict[str, str] = {}
    while entry:
        head, _, rest = entry.partition(b"\n")
        if b"=" in head:
            name, _, value = head.partition(b"=")
            entry = rest
        else:
            length = int.from_bytes(rest[:8], "little")
            name, value = head, rest[8 : 8 + length]
            assert rest[8 + length : 9 + length] == b"\n"
            entry = rest[9 + length :]
        fields[name.decode()] = value.decode()
    return fields


def received(journal: socket.socket) -> dict[str, str]:
    data, fds, _flags, _address = socket.recv_fds(journal, 1 << 20, 4)
    if not fds:
        return decode(data)
    (fd,) = fds
    try:
        with pytest.raises(PermissionError):
            os.ftruncate(fd, 0)
        return decode(os.pread(fd, os.fstat(fd).st_size, 0))
    finally:
        os.close(fd)
