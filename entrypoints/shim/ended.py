"""What `delete` answers."""

from entrypoints.shim import wire


class Ended:
    """The container's end, as containerd is told it; pid 0 when nobody knows it (T082)."""

    __slots__ = ("nanos", "pid", "seconds", "status")

    def __init__(self, pid: int, status: int, seconds: int, nanos: int) -> None:
        self.pid = pid
        self.status = status
        self.seconds = seconds
        self.nanos = nanos

    def response(self) -> bytes:
        """A DeleteResponse."""
        exited_at = wire.number(1, self.seconds) + wire.number(2, self.nanos)
        return wire.number(1, self.pid) + wire.number(2, self.status) + wire.message(3, exited_at)
