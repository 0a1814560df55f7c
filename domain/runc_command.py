"""The OCI runtime's command lines, for runc, crun and what else has runc's options.

Pure: systemd runs some of them in units, the runc adapter the others by itself.
`--systemd-cgroup` is never among the options: with it runc would make a scope of its own, and
the container would not be in its unit's cgroup.
"""

from dataclasses import dataclass

from domain.identity import ContainerId

# The program and its whole argument list; no shell is ever between.
Argv = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Runtime:
    """Which program, where it keeps its containers (namespace included), and where it logs."""

    binary: str
    root: str
    log: str
    debug: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """What `create` and `restore` have in common."""

    bundle: str
    pid_file: str
    console_socket: str = ""
    no_pivot_root: bool = False


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What `checkpoint` is asked for; an empty path is left to the runtime."""

    image_path: str
    work_path: str = ""
    parent_path: str = ""
    tcp_established: bool = False
    external_unix_sockets: bool = False
    shell_job: bool = False
    file_locks: bool = False
    leave_running: bool = False
    empty_namespaces: tuple[str, ...] = ()


def create(
    runtime: Runtime, container: ContainerId, setting: Setting, *, no_new_keyring: bool
) -> Argv:
    """Sets the container up and leaves its init paused."""
    return (
        *_global(runtime),
        "create",
        *_set_up(setting),
        *(("--no-new-keyring",) if no_new_keyring else ()),
        container,
    )


def restore(
    runtime: Runtime, container: ContainerId, setting: Setting, *, image_path: str, work_path: str
) -> Argv:
    """Brings a checkpointed container back, running. runc's restore knows no parent path."""
    return (
        *_global(runtime),
        "restore",
        "--detach",  # without it the start job of a forking unit times out (D40)
        "--image-path",
        image_path,
        "--work-path",
        work_path,
        *_set_up(setting),
        container,
    )


def execute(
    runtime: Runtime,
    container: ContainerId,
    *,
    process_file: str,
    pid_file: str,
    console_socket: str = "",
) -> Argv:
    """Starts one more program in the container, and leaves it to whoever reaps it."""
    return (
        *_global(runtime),
        "exec",
        "--process",
        process_file,
        "--detach",
        "--pid-file",
        pid_file,
        *_console(console_socket),
        container,
    )


def start(runtime: Runtime, container: ContainerId) -> Argv:
    return (*_global(runtime), "start", container)


def state(runtime: Runtime, container: ContainerId) -> Argv:
    """Prints JSON: status, pid and more."""
    return (*_global(runtime), "state", container)


def kill(runtime: Runtime, container: ContainerId, signal: int) -> Argv:
    """Signals the init."""
    return (*_global(runtime), "kill", container, str(signal))


def kill_all(runtime: Runtime, container: ContainerId, signal: int) -> Argv:
    """Signals every process of the container; from runc 1.2 on hardly more than `kill`."""
    return (*_global(runtime), "kill", "--all", container, str(signal))


def pause(runtime: Runtime, container: ContainerId) -> Argv:
    return (*_global(runtime), "pause", container)


def resume(runtime: Runtime, container: ContainerId) -> Argv:
    return (*_global(runtime), "resume", container)


def update(runtime: Runtime, container: ContainerId) -> Argv:
    """Takes LinuxResources as JSON from its standard input."""
    return (*_global(runtime), "update", "--resources=-", container)


def ps(runtime: Runtime, container: ContainerId) -> Argv:
    """Prints a JSON array of host pids, or `null`."""
    return (*_global(runtime), "ps", "--format", "json", container)


def delete(runtime: Runtime, container: ContainerId) -> Argv:
    """Forgets a stopped container."""
    return (*_global(runtime), "delete", container)


def destroy(runtime: Runtime, container: ContainerId) -> Argv:
    """Kills what is left, waits up to 10 s for that, and forgets the container.

    From runc 1.2 on it sleeps 100 ms before it looks, even if there is nobody to kill.
    """
    return (*_global(runtime), "delete", "--force", container)


def checkpoint(runtime: Runtime, container: ContainerId, asked: Checkpoint) -> Argv:
    """Writes the running container down, and ends it unless it is to be left running."""
    flags = (
        ("--tcp-established", asked.tcp_established),
        ("--ext-unix-sk", asked.external_unix_sockets),
        ("--shell-job", asked.shell_job),
        ("--file-locks", asked.file_locks),
        ("--leave-running", asked.leave_running),
    )
    paths = (("--work-path", asked.work_path), ("--parent-path", asked.parent_path))
    return (
        *_global(runtime),
        "checkpoint",
        "--image-path",
        asked.image_path,
        *(word for flag, path in paths if path for word in (flag, path)),
        *(flag for flag, wanted in flags if wanted),
        *(word for kind in asked.empty_namespaces for word in ("--empty-ns", kind)),
        container,
    )


def _global(runtime: Runtime) -> Argv:
    return (
        runtime.binary,
        "--root",
        runtime.root,
        "--log",
        runtime.log,
        "--log-format",
        "json",
        *(("--debug",) if runtime.debug else ()),
    )


def _set_up(setting: Setting) -> Argv:
    return (
        "--bundle",
        setting.bundle,
        "--pid-file",
        setting.pid_file,
        *_console(setting.console_socket),
        *(("--no-pivot",) if setting.no_pivot_root else ()),
    )


def _console(socket: str) -> Argv:
    return ("--console-socket", socket) if socket else ()
