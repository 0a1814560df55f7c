"""What clients ask for, as plain values; how it looks on the wire is the service's business."""

from dataclasses import dataclass
from typing import Final

from domain.identity import ContainerKey, ProcessKey

DEFAULT_RUNTIME: Final = "runc"
# containerd's runc shim keeps its containers there; `runc --root DIR/NS list` finds ours too.
DEFAULT_RUNTIME_ROOT: Final = "/run/containerd/runc"


@dataclass(frozen=True, slots=True)
class Mount:
    """One mount of a root file system, in mount(8)'s vocabulary; `target` lies inside it."""

    kind: str
    source: str
    target: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stdio:
    """Paths of FIFOs that the client made; an empty one means /dev/null."""

    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    terminal: bool = False


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """What a task's options ask of the OCI runtime (containerd.runc.v1.Options)."""

    binary: str = DEFAULT_RUNTIME
    root: str = DEFAULT_RUNTIME_ROOT
    no_pivot_root: bool = False
    no_new_keyring: bool = False
    systemd_cgroup: bool = False
    io_uid: int = 0
    io_gid: int = 0
    criu_work_path: str = ""


@dataclass(frozen=True, slots=True)
class CreateRequest:
    owner: ContainerKey
    bundle: str
    rootfs: tuple[Mount, ...]
    stdio: Stdio
    checkpoint: str
    options: RuntimeOptions
    # What `start` left in the bundle: containerd itself runs at debug level.
    debug: bool = False
    publish_to: str = ""  # ttrpc address of the containerd that asked


@dataclass(frozen=True, slots=True)
class ExecRequest:
    process: ProcessKey
    stdio: Stdio
    spec: bytes  # OCI Process as JSON, whatever its type_url says (T129)
