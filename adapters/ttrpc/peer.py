"""Who is at the other end of a unix socket."""

import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

_UCRED: Final = struct.Struct("=iII")  # struct ucred, unix(7)


@dataclass(frozen=True, slots=True)
class Peer:
    """Credentials as they were when the peer connected; the pid may name another one by now."""

    pid: int
    uid: int
    gid: int


PeerPolicy: TypeAlias = Callable[[Peer], bool]
"""Says whether a peer is served; a refused one is closed without a byte (T026)."""


def peer_is_ourselves(peer: Peer) -> bool:
    """Accept the server's own effective user and group, as ttrpc's UnixSocketRequireSameUser."""
    return (peer.uid, peer.gid) == (os.geteuid(), os.getegid())


def peer_of(sock: socket.socket) -> Peer:
    """Ask the kernel who connected; of a socket that is not a unix one it says nobody (-1)."""
    pid, uid, gid = _UCRED.unpack(
        sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    )
    return Peer(pid, uid, gid)
