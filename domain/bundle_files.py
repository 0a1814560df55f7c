"""Where what lies in a bundle; one place, so that runc, systemd and we agree."""

from typing import Final

from domain.identity import ExecId, Namespace
from domain.request import RuntimeOptions

ROOTFS: Final = "rootfs"


def config(bundle: str) -> str:
    return f"{bundle}/config.json"


def rootfs(bundle: str) -> str:
    return f"{bundle}/{ROOTFS}"


def exec_folder(bundle: str, exec_id: ExecId) -> str:
    return f"{bundle}/execs/{exec_id}"


def exec_spec(bundle: str, exec_id: ExecId) -> str:
    """The exec's OCI process, as runc wants it."""
    return f"{exec_folder(bundle, exec_id)}/process.json"


def exec_gate(bundle: str, exec_id: ExecId) -> str:
    """A FIFO in the process file's place: runc waits there until the exec's reaper is ready."""
    return f"{exec_folder(bundle, exec_id)}/gate"


def pid_file(bundle: str, exec_id: ExecId | None) -> str:
    """Written by runc whole and at once; that it is there means that the program was set up."""
    return f"{bundle}/init.pid" if exec_id is None else f"{exec_folder(bundle, exec_id)}/pid"


def runtime_log(bundle: str, exec_id: ExecId | None) -> str:
    """runc's log, JSON lines; its last error is the reason that clients are told."""
    return f"{bundle}/log.json" if exec_id is None else f"{exec_folder(bundle, exec_id)}/log.json"


def criu_work(bundle: str) -> str:
    return f"{bundle}/criu-work"


def runtime_root(options: RuntimeOptions, namespace: Namespace) -> str:
    """runc's state folder; the namespace keeps equal ids apart (T104, S33)."""
    return f"{options.root}/{namespace}"
