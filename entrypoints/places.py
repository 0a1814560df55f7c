"""What the programs of this project agree on: names, paths and the form of a few files.

Imports nothing, not even `typing`: the binary that containerd runs for every container reads
this file too, and each import costs it a good part of its few milliseconds. Annotations that
need a name are quoted, so they are never looked up at run time.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

VERSION: "Final" = "0.1.0"  # as in pyproject.toml; a test compares the two
RUNTIME: "Final" = "io.containerd.systemd.v1"
# The name that containerd makes of RUNTIME's last two parts and looks for on its PATH.
BINARY: "Final" = "containerd-shim-systemd-v1"
SERVICE_UNIT: "Final" = "containerd-shim-systemd.service"
SOCKET_UNIT: "Final" = "containerd-shim-systemd.socket"

# 0700. Functions take it as an argument, so that a test can have one of its own.
RUN_FOLDER: "Final" = "/run/containerd-systemd"

# Left in the bundle by `start` for the daemon's Create: what containerd tells nobody else.
START_NOTE: "Final" = "containerd-shim-systemd.start"
# containerd 1.6 and 1.7 find a shim by this file after their own restart (T055).
ADDRESS_FILE: "Final" = "address"


def control_socket(run_folder: str) -> str:
    """The activation socket: one request a connection, one line each way."""
    return f"{run_folder}/control"


def namespace_socket(run_folder: str, namespace: str) -> str:
    """Where the daemon serves the tasks of one containerd namespace.

    At most 101 bytes with an identifier of 76, which a unix socket's 107 bytes hold (T047).
    """
    return f"{run_folder}/s/{namespace}"


def consoles_folder(run_folder: str) -> str:
    """Short, for the sockets over which runc hands terminals to the daemon."""
    return f"{run_folder}/pty"


def sealed_runc(run_folder: str) -> str:
    """The daemon's copy of runc, from which execs are begun."""
    return f"{run_folder}/sealed/runc"


def records_folder(run_folder: str) -> str:
    """The daemon's records, one for each life of a container."""
    return f"{run_folder}/state"
