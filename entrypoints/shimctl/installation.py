"""What an installation consists of, as text: two units and the launcher.

Pure: nothing is read or written here. Each setting of the units that is not systemd's default
has its reason beside it, in the file itself, for the administrator who reads it there.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from entrypoints import places

DEFAULT_BIN_DIR: Final = Path("/usr/local/bin")
DEFAULT_UNIT_DIR: Final = Path("/etc/systemd/system")
DEFAULT_CONTAINERD_ADDRESS: Final = "/run/containerd/containerd.sock"

MARK: Final = "CONTAINERD_SHIM_SYSTEMD_MARK"

# The kernel reads this many bytes of a `#!` line (BINPRM_BUF_SIZE), the newline included.
SHEBANG_BYTES_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class Program:
    """Which code runs, and with which Python."""

    app: Path  # the folder that holds `domain`, `adapters` and `entrypoints`
    packages: tuple[Path, ...]  # where the code that others wrote lies
    # Finds those packages by itself, unless it is told not to. The one of a virtual environment is
    # as fast under -IS as the interpreter behind it (measured), and its path outlives an upgrade.
    python: Path
    digest: str  # changes with any line of the code


@dataclass(frozen=True, slots=True)
class File:
    path: Path
    text: str
    mode: int


@dataclass(frozen=True, slots=True)
class Installation:
    service: File
    socket: File
    launcher: File


def plan(program: Program, bin_dir: Path, unit_dir: Path, containerd_address: str) -> Installation:
    """All files of an installation."""
    return Installation(
        service=File(unit_dir / places.SERVICE_UNIT, service(program, containerd_address), 0o644),
        socket=File(unit_dir / places.SOCKET_UNIT, socket(), 0o644),
        launcher=File(bin_dir / places.BINARY, launcher(program), 0o755),
    )


def launcher(program: Program) -> str:
    """What containerd runs for each container: no site, no environment, few imports."""
    packages = [str(path) for path in program.packages]
    return f"""\
#!{program.python} -IS
# Written by `shimctl install`; run by containerd for every container.
import sys

sys.path.insert(0, {str(program.app)!r})
sys.path += {packages!r}  # last: wanted only where the daemon does not answer

from entrypoints.shim.main import run

run()
"""


def service(program: Program, containerd_address: str) -> str:
    """The daemon's unit. It gives the daemon a mark, by which `mark_of` tells one unit's from
    another's: a daemon that was not replaced still has the mark of the unit that started it.
    """
    text = _service(program, containerd_address)
    mark = hashlib.sha256(f"{program.digest}\n{text}".encode()).hexdigest()[:16]
    return (
        f"{text}# Tells which code and settings a running daemon has.\nEnvironment={MARK}={mark}\n"
    )


def mark_of(environment: str) -> str:
    """The mark in a unit file's text or, with newlines for NULs, in a process's environment."""
    found = re.search(rf"^(?:Environment=)?{MARK}=(\w+)$", environment, re.MULTILINE)
    return found[1] if found else ""


def _service(program: Program, containerd_address: str) -> str:
    argv = (
        str(program.python),
        "-I",
        str(program.app / "entrypoints" / "daemon"),
        "serve",
        "--containerd-address",
        containerd_address,
    )
    return f"""\
# Written by `shimctl install`, removed by `shimctl uninstall`. Own settings belong into a drop-in:
# systemctl edit {places.SERVICE_UNIT}

[Unit]
Description=containerd's systemd shim: serves all containers that run as units
# Units of containers are ordered after this one and this one after containerd. So a node that
# goes down stops the containers first, then the daemon, which tells containerd of their ends,
# then containerd.
After=containerd.service
# Whatever made it die, the containers live on and somebody must watch them.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={" ".join(map(quoted, argv))}
Restart=always
# At once as far as people are concerned; a daemon that cannot start does not spin.
RestartSec=100ms
# Fed from the event loop: a daemon that hangs is replaced.
WatchdogSec=30
TimeoutStartSec=60
TimeoutStopSec=20
# In its cgroup are the daemon and short runs of runc, never a container. A stop asks the daemon
# alone and lets it end its commands. If it dies, its commands are not killed with it: one that
# ends half-way can leave a container that runs and that runc calls created. Its successor waits
# for them, within bounds, before it reads what they have done.
KillMode=process
# One of its commands that runs out of memory is no reason to stop the daemon.
OOMPolicy=continue
# As containerd: without it all containers of the node are without supervision.
OOMScoreAdjust=-999
# systemd's default is a share of the node's pids; each command of runc needs about ten threads.
TasksMax=infinity
# For each container connections, FIFO ends, a terminal and a pidfd: a dozen descriptors.
LimitNOFILE=1048576
# Room for the descriptors that must outlive the daemon.
FileDescriptorStoreMax=16384
# What it writes into bundles and its run folder is root's alone.
UMask=0077
"""


def socket() -> str:
    """The activation socket's unit: it starts the daemon on first use, and after a reboot."""
    return f"""\
# Written by `shimctl install`, removed by `shimctl uninstall`.

[Unit]
Description=Control socket of containerd's systemd shim

[Socket]
ListenStream={places.control_socket(places.RUN_FOLDER)}
FileDescriptorName=control
SocketMode=0600
DirectoryMode=0700
RemoveOnStop=yes
# The default gives a socket up for good after 200 activations in 2 s; the daemon is restarted by
# its own unit anyway.
TriggerLimitIntervalSec=0

[Install]
WantedBy=sockets.target
"""


def quoted(word: str) -> str:
    """One word of a command line in a unit file, with nothing in it expanded (systemd.service(5)).

    >>> quoted("50%$")
    '"50%%$$"'
    """
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.replace("%", "%%").replace("$", "$$")


def containerd_configuration(containerd_address: str) -> str:
    """What an administrator may want to add on containerd's side; nothing is needed for ctr."""
    endpoint = (
        ""
        if containerd_address == DEFAULT_CONTAINERD_ADDRESS
        else f"--address {containerd_address} "
    )
    return f"""\
Try it:

    ctr {endpoint}run --rm --runtime {places.RUNTIME} IMAGE NAME COMMAND

For Kubernetes (CRI) add the runtime to containerd's /etc/containerd/config.toml and restart
containerd. In a file that begins with `version = 2` (containerd 1.6, 1.7):

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.systemd]
      runtime_type = "{places.RUNTIME}"

In one that begins with `version = 3` (containerd 2):

    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.systemd]
      runtime_type = "{places.RUNTIME}"

and in the cluster:

    apiVersion: node.k8s.io/v1
    kind: RuntimeClass
    metadata: {{name: systemd}}
    handler: systemd
"""
