"""What the lean programs ask the daemon over its control socket, and whether a socket listens.

One request a connection, one line each way: `open NS` is answered `ok ADDRESS`,
`delete NS ID BUNDLE` is answered `ok PID STATUS SECONDS NANOS`; either may be answered
`error TEXT`. The socket is systemd's, so connecting to it starts a daemon that does not run.
"""

from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM
from _socket import socket as Socket  # noqa: N812 (it is a class; `socket` itself costs 5 ms)
from time import monotonic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

# An address or an error's text with its reason; more is no answer of ours.
_ANSWER_BYTES_MAX: "Final" = 65_536


class Answer:
    """What came after `ok `."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Unanswered:
    """Why there is no `ok`: a sentence for whoever reads containerd's log."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        self.reason = reason


def listens(path: str) -> bool | Unanswered:
    """Whether somebody accepts connections there; Unanswered when that cannot be found out."""
    probe = _stream()
    # Without a limit a full queue would block; with one it is EAGAIN at once (unix(7)).
    probe.settimeout(1)
    try:
        probe.connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        return False
    except BlockingIOError:
        return True  # so many wait already that there must be somebody to wait for
    except OSError as error:
        return Unanswered(f"cannot connect to {path}: {error.strerror}")
    finally:
        probe.close()
    return True


def ask(path: str, request: str, within_s: float) -> Answer | Unanswered:
    """Sends one request and reads its answer; all of it within so many seconds."""
    until = monotonic() + within_s
    connection = _stream()
    try:
        connection.settimeout(within_s)
        connection.connect(path)
        connection.sendall(request.encode() + b"\n")
        line = _line(connection, until)
    except (FileNotFoundError, ConnectionRefusedError):
        return Unanswered(
            f"nobody listens on {path}: the shim's socket unit is not installed or not started; "
            "run `shimctl install` as root"
        )
    except PermissionError:
        return Unanswered(f"{path} is root's alone: containerd and this program must run as root")
    except TimeoutError:
        return Unanswered(
            f"the shim's daemon did not answer within {within_s:g} s; "
            "see `systemctl status containerd-shim-systemd.service`"
        )
    except OSError as error:
        return Unanswered(f"the shim's daemon cannot be asked over {path}: {error.strerror}")
    finally:
        connection.close()
    return _understood(line)


def _stream() -> Socket:
    return Socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)


def _line(connection: Socket, until: float) -> bytes:
    """Everything up to the newline; what has come so far when the daemon hangs up."""
    line = b""
    while not line.endswith(b"\n") and len(line) < _ANSWER_BYTES_MAX:
        left_s = until - monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        part = connection.recv(_ANSWER_BYTES_MAX)
        if not part:
            break
        line += part
    return line


def _understood(line: bytes) -> Answer | Unanswered:
    if not line.endswith(b"\n"):
        return Unanswered(
            "the shim's daemon hung up without an answer; "
            "see `journalctl -u containerd-shim-systemd.service`"
        )
    verdict, _, text = line[:-1].decode(errors="replace").partition(" ")
    if verdict == "ok":
        return Answer(text)
    if verdict == "error":
        return Unanswered(text)
    return Unanswered("the shim's daemon gave an answer that this version does not know")
