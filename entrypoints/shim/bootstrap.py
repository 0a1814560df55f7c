"""What `start` is told on its standard input, and the form of its answer.

Up to containerd 2.2 standard input holds the task's options as an Any, or nothing, and the
answer is a line of text. From 2.3 on it holds BootstrapParams, and the answer may be a
BootstrapResult. An old Any often parses as BootstrapParams (its type_url lands in instance_id),
so the new form is believed only if it names this very container (T051, T052).
"""

import posix
import stat

from entrypoints.shim import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

INPUT_BYTES_MAX: "Final" = 10 * 1024 * 1024
# TRACE is -8, DEBUG -4, INFO 0; a level between two counts as the nearer one (T053).
_DEBUG_LEVEL_MAX: "Final" = -3
_TASK_API: "Final" = 3


class Params:
    """The parts of BootstrapParams that matter to this shim."""

    __slots__ = ("debug", "ttrpc_address")

    def __init__(self, *, debug: bool, ttrpc_address: str) -> None:
        self.debug = debug
        self.ttrpc_address = ttrpc_address


def read_input(descriptor: int) -> bytes:
    """Standard input up to its end, if there is somebody who writes it and then closes it.

    A terminal is never waited for. The wait for a pipe's end has no limit of its own: whoever
    runs the shim writes and closes at once, and may kill us (containerd's client has a deadline).
    """
    try:
        mode = posix.fstat(descriptor).st_mode
    except OSError:
        return b""  # closed
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISREG(mode)):
        return b""
    parts: list[bytes] = []
    left = INPUT_BYTES_MAX
    while left > 0:
        part = posix.read(descriptor, min(left, 65_536))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def params(data: bytes, namespace: str, container: str) -> Params | None:
    """BootstrapParams of this very container; None for anything else."""
    found = wire.decode(data)
    if found is None or found.text(1) != container or found.text(2) != namespace:
        return None
    return Params(debug=found.signed(3) <= _DEBUG_LEVEL_MAX, ttrpc_address=found.text(5))


def answer(address: str, *, to_params: bool) -> bytes:
    """The bytes for standard output, in the form that this containerd understands.

    Plain text means task API v2 over ttrpc, which every containerd speaks: 1.7 refuses a
    version 3 that 2.0 to 2.2 would take, and the two call `start` in the same way.
    """
    if not to_params:
        return address.encode()
    # No newline may follow (T044).
    return wire.number(1, _TASK_API) + wire.text(2, address) + wire.text(3, "ttrpc")
