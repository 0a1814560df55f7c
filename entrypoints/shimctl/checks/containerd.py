"""containerd: whether it runs, which answer it understands, whether it finds the shim."""

import os
import re
import shutil
import socket
import struct
from pathlib import Path
from typing import Final

from entrypoints import places
from entrypoints.shimctl.checks.finding import Finding, fail, ok, warn
from entrypoints.systemctl import run

_WITHIN_S: Final = 10.0
_VERSION: Final = re.compile(r"\bv?(\d+)\.(\d+)(?:\.\d+)?")
VERSION_MIN: Final = (1, 6)
# From here on `start` is given BootstrapParams and answers with a BootstrapResult.
BOOTSTRAP_SINCE: Final = (2, 3)
_CREDENTIALS: Final = struct.Struct("iII")


def findings(address: str) -> list[Finding]:
    """`address` is containerd's socket."""
    pid = _pid_behind(address)
    if isinstance(pid, Finding):
        return [pid]
    program = Path(f"/proc/{pid}/exe")
    text = run((str(program), "--version"), _WITHIN_S).value_or("")
    return [
        ok("containerd", f"process {pid} listens on {address}"),
        version(text),
        launcher(_environment(pid).get("PATH", ""), program),
    ]


def version(text: str) -> Finding:
    """What `containerd --version` says means for the shim.

    >>> version("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+b1").says
    '1.6; start answers in plain text (task API v2 over ttrpc)'
    """
    numbers = [(int(found[1]), int(found[2])) for found in _VERSION.finditer(text)]
    if not numbers:
        return warn(
            "containerd version", "containerd does not tell its version", "1.6 or newer is needed"
        )
    found = numbers[0]
    name = f"{found[0]}.{found[1]}"
    if found < VERSION_MIN:
        return fail("containerd version", name, "containerd 1.6 or newer is needed")
    if found < BOOTSTRAP_SINCE:
        return ok(
            "containerd version", f"{name}; start answers in plain text (task API v2 over ttrpc)"
        )
    return ok(
        "containerd version",
        f"{name}; start answers with a BootstrapResult (task API v3 over ttrpc)",
    )


def launcher(path: str, program: Path) -> Finding:
    """Whether a containerd with this PATH finds the shim, as its shim manager looks for it."""
    folders = os.pathsep.join([path, str(Path(os.path.realpath(program)).parent)])
    found = shutil.which(places.BINARY, path=folders)
    if found is None:
        return fail(
            "launcher",
            f"containerd does not find {places.BINARY} on its PATH ({path or 'empty'})",
            "run `shimctl install`, with --bin-dir naming one of these folders",
        )
    return ok("launcher", f"containerd finds {found}")


def _pid_behind(address: str) -> int | Finding:
    """Who listens there, by the socket's own word (SO_PEERCRED), whatever its unit is called."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_WITHIN_S)
        try:
            connection.connect(address)
            raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except PermissionError:
            return warn("containerd", f"{address} is root's alone", "run doctor as root")
        except OSError as error:
            return fail(
                "containerd",
                f"nobody listens on {address}: {error.strerror or error}",
                "apt-get install containerd; systemctl start containerd; a containerd elsewhere: "
                "--containerd-address",
            )
    pid: int = _CREDENTIALS.unpack(raw)[0]
    return pid


def _environment(pid: int) -> dict[str, str]:
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return {}
    pairs = (entry.partition(b"=") for entry in raw.split(b"\0"))
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs if name}
