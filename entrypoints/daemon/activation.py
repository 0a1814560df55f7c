"""What systemd hands over at the start, and what it is told: sd_listen_fds(3), sd_notify(3)."""

import os
import socket
from typing import Final

LISTEN_FDS_START: Final = 3


def take_sockets() -> dict[str, list[socket.socket]]:
    """The descriptors passed by socket activation or kept in the store, by name.

    The variables are removed: they are meant for this process, not for its children.
    """
    for_pid = os.environ.pop("LISTEN_PID", "")
    count = int(os.environ.pop("LISTEN_FDS", "0"))
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    if for_pid != str(os.getpid()):
        return {}
    taken: dict[str, list[socket.socket]] = {}
    for number in range(count):
        taken_socket = socket.socket(fileno=LISTEN_FDS_START + number)
        taken_socket.set_inheritable(False)
        name = names[number] if number < len(names) else ""
        taken.setdefault(name, []).append(taken_socket)
    return taken


class Notifier:
    """Says to systemd how the daemon is. Without systemd it says nothing."""

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        self.watchdog_seconds = int(os.environ.pop("WATCHDOG_USEC", "0")) / 1e6
        os.environ.pop("WATCHDOG_PID", None)

    def say(self, *facts: str) -> None:
        """For instance `READY=1`. A full or missing socket loses it: the next one counts."""
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):
            address = "\0" + address[1:]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as out:
            try:
                out.sendto("\n".join(facts).encode(), address)
            except OSError as why:
                os.write(2, f"systemd is not told {facts}: {why}\n".encode())
