"""The handshake of a new connection to the message bus (D-Bus specification, "Authentication")."""

import asyncio
import os
import socket
from typing import Final

_LINE_MAX: Final = 1024  # the server's guid has 32 characters


async def authenticate(sock: socket.socket) -> None:
    """SASL EXTERNAL: the kernel vouches for our user id. No descriptors are asked for.

    Raises OSError or EOFError; whoever calls sets the deadline.
    """
    loop = asyncio.get_running_loop()
    uid = str(os.geteuid()).encode().hex()
    await loop.sock_sendall(sock, f"\0AUTH EXTERNAL {uid}\r\n".encode())
    line = b""
    while not line.endswith(b"\r\n"):
        piece = await loop.sock_recv(sock, _LINE_MAX)
        if not piece or len(line) > _LINE_MAX:
            raise EOFError("the bus went away during authentication")
        line += piece
    if not line.startswith(b"OK "):
        raise PermissionError(f"the bus answered {line!r} to our user id")
    await loop.sock_sendall(sock, b"BEGIN\r\n")
