"""The transient unit of a container's init and of an exec, as a pure value.

Properties are systemd's own names (systemd.service(5), .exec(5), .kill(5),
.resource-control(5), and org.freedesktop.systemd1(5) for the forms that the bus wants).
Every default of systemd that does not fit a container is set on purpose, the reason beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain import bundle_files, limits, runc_command
from domain.identity import ExecId, ProcessKey
from domain.request import RuntimeOptions, Stdio
from domain.runc_command import Argv, Runtime, Setting
from domain.unit_name import UnitName, unit_name

Value = str | bool | int | tuple[str, ...]

LOG_NOTICE: Final = 5  # syslog(3)
INFINITY: Final = 2**64 - 1
US_PER_S: Final = 1_000_000
DELEGATE_SUBGROUP_SINCE: Final = 254
SUBGROUP: Final = "runc"
CONTAINER_CGROUP: Final = "container"
DEFAULT_SLICE: Final = "system.slice"


@dataclass(frozen=True, slots=True)
class UnitDefinition:
    """What systemd is asked to run."""

    name: UnitName
    argv: Argv  # over the bus nothing is expanded but `$`, which is doubled (D30)
    properties: Mapping[str, Value]

    def text(self) -> str:
        """For a person who reads a debug answer."""
        lines = [f"{key}={value}" for key, value in self.properties.items()]
        return "\n".join([self.name, *lines, f"ExecStart={' '.join(self.argv)}"])


@dataclass(frozen=True, slots=True)
class Host:
    """What this machine's systemd is like, and where our own little programs lie."""

    systemd_version: int
    cgroup_root: str  # Manager.ControlGroup: "" but inside a container
    reaper: Argv
    subgroup_launcher: Argv  # empty where cgroup v1 makes it needless
    daemon_unit: str

    @property
    def has_delegate_subgroup(self) -> bool:
        return self.systemd_version >= DELEGATE_SUBGROUP_SINCE


@dataclass(frozen=True, slots=True)
class Start:
    """All that shapes a process's unit."""

    process: ProcessKey
    bundle: str
    stdio: Stdio
    options: RuntimeOptions
    slice: str
    debug: bool
    console_socket: str = ""
    checkpoint: str = ""


# Of both kinds of units.
_ALWAYS: Final[Mapping[str, Value]] = {
    # `notify`/`forking` would restart nothing, but a drop-in for *.service might (S31).
    "Restart": "no",
    # The exit status must outlive the process and the daemon, until Delete lets it go (F46).
    "RemainAfterExit": True,
    # Only the pid file and READY=1 say who the main process is; a guess would be runc.
    "GuessMainPID": False,
    # A name is used again and again by tests and restart policies; 5 starts in 10 s is the
    # default and outlasts the container (F63).
    "StartLimitIntervalUSec": 0,
    # Limits belong to the container's own configuration. systemd's 15 % of all pids would
    # count against a container that asked for none (F83).
    "TasksMax": INFINITY,
    "LimitNPROC": INFINITY,
    "LimitCORE": INFINITY,
    # What every service gets since systemd 240: 1024 soft (select(2) stays safe), raised on demand.
    "LimitNOFILE": 524_288,
    "LimitNOFILESoft": 1_024,
    # An OOM kill of one child is no reason to stop the container (F81).
    "OOMPolicy": "continue",
    # runc applies the container's own umask; this is for the files it makes itself.
    "UMask": 0o022,
    # Create is bounded by its own limit; the default 90 s would kill a slow one (F62).
    "TimeoutStartUSec": limits.START_JOB_S * US_PER_S,
    # Between TERM and KILL when an administrator or the node's shutdown stops the unit.
    "TimeoutStopUSec": limits.STOP_S * US_PER_S,
    "SendSIGHUP": False,
    # A program inherits ignored signals; systemd's default for services makes a writer into a
    # closed pipe go on for ever where the runtime does not reset it (runc does, by accident).
    "IgnoreSIGPIPE": False,
}


def init_unit(start: Start, host: Host) -> UnitDefinition:
    """The unit whose start is `runc create` (or `restore`): its main process is the init."""
    bundle = start.bundle
    properties: dict[str, Value] = {
        "Description": f"Container {start.process.owner}",
        # runc leaves the paused init behind, reparented to systemd, and names it in a file.
        "Type": "forking",
        "PIDFile": bundle_files.pid_file(bundle, None),
        # runc makes the container's cgroup below; with a cgroup outside, `systemctl status`
        # would show no process and the unit's limits would mean nothing (D54).
        "Delegate": True,
        # TERM is for the init alone, as `docker stop` does it; what is left gets KILL.
        "KillMode": "mixed",
        **_shared(start, host),
    }
    argv = _create_or_restore(start)
    if host.has_delegate_subgroup:
        # On cgroup v2 no process may sit beside the container's cgroup in the unit's own
        # ("cannot enter cgroupv2 … domain controllers"); runc itself would.
        properties["DelegateSubgroup"] = SUBGROUP
    elif host.subgroup_launcher:
        argv = (*host.subgroup_launcher, SUBGROUP, "--", *argv)
    return UnitDefinition(unit_name(start.process), argv, properties)


def exec_unit(start: Start, exec_id: ExecId, host: Host) -> UnitDefinition:
    """The unit whose main process waits for the exec's program and ends as it did."""
    bundle = start.bundle
    properties: dict[str, Value] = {
        "Description": f"Exec {exec_id} in container {start.process.owner}",
        # READY=1 comes when runc has succeeded: the job's result tells that the program ran.
        # The forms without the reaper lose most statuses (F66).
        "Type": "notify",
        "NotifyAccess": "main",
        # systemd's own "Starting", "Started", "Stopped" for each probe of each container would
        # drown the journal; what goes wrong is still said (notice and above).
        "LogLevelMax": LOG_NOTICE,
        # What the program uses is accounted in the container. Each controller that systemd switches
        # on for the reaper costs a migration: a third of the start on cgroup v1 (21 ms or 14 ms).
        "CPUAccounting": False,
        "IOAccounting": False,
        "MemoryAccounting": False,
        "TasksAccounting": False,
        # The program is in the container's cgroup; here is only the reaper, which passes TERM on.
        "KillMode": "mixed",
        **_shared(start, host),
    }
    files = (
        bundle_files.exec_spec(bundle, exec_id),
        bundle_files.exec_gate(bundle, exec_id),
        bundle_files.pid_file(bundle, exec_id),
    )
    argv = (*host.reaper, *files, "--", *_exec(start, exec_id))
    return UnitDefinition(unit_name(start.process), argv, properties)


def cgroups_path(unit: UnitName, slice_name: str, host: Host) -> str:
    """Where the container's cgroup lies: inside its unit's own, which lies in its slice."""
    return f"{host.cgroup_root}{slice_path(slice_name)}/{unit}/{CONTAINER_CGROUP}"


def slice_path(slice_name: str) -> str:
    """A slice's cgroup: each dash opens a level (systemd.slice(5)).

    >>> slice_path("a-b.slice")
    '/a.slice/a-b.slice'
    """
    stem = slice_name.removesuffix(".slice")
    if stem in {"", "-"}:
        return ""
    parts = stem.split("-")
    return "".join(f"/{'-'.join(parts[: depth + 1])}.slice" for depth in range(len(parts)))


def slice_of(cgroups_path_asked: str, options: RuntimeOptions) -> str:
    """The slice that the container asked for in systemd's `slice:prefix:name` form, or the default.

    `--systemd-cgroup` is never passed on: with it runc would make a scope of its own.
    """
    parts = cgroups_path_asked.split(":")
    if options.systemd_cgroup and len(parts) == 3 and parts[0].endswith(".slice"):
        return parts[0]
    return DEFAULT_SLICE


def _shared(start: Start, host: Host) -> dict[str, Value]:
    properties: dict[str, Value] = {
        "Slice": start.slice,
        "WorkingDirectory": start.bundle,
        # At shutdown units stop in the reverse order of their starts: the container first,
        # then the daemon that tells containerd of its end (F80).
        "After": (host.daemon_unit,),
        **_ALWAYS,
        **_streams(start.stdio, has_terminal=bool(start.console_socket)),
    }
    return properties


def _streams(stdio: Stdio, *, has_terminal: bool) -> dict[str, Value]:
    """FIFOs by name: of a descriptor PID 1 keeps a copy, and no reader would see EOF."""
    if has_terminal:
        return {"StandardInput": "null", "StandardOutput": "null", "StandardError": "null"}
    properties: dict[str, Value] = {}
    for stream, path in (
        ("StandardInput", stdio.stdin),
        ("StandardOutput", stdio.stdout),
        ("StandardError", stdio.stderr),
    ):
        if path:
            properties[f"{stream}File"] = path
        else:
            properties[stream] = "null"
    return properties


def _runtime(start: Start, exec_id: ExecId | None) -> Runtime:
    return Runtime(
        start.options.binary,
        bundle_files.runtime_root(start.options, start.process.owner.namespace),
        bundle_files.runtime_log(start.bundle, exec_id),
        start.debug,
    )


def _create_or_restore(start: Start) -> Argv:
    runtime, container = _runtime(start, None), start.process.owner.container
    setting = Setting(
        start.bundle,
        bundle_files.pid_file(start.bundle, None),
        start.console_socket,
        start.options.no_pivot_root,
    )
    if not start.checkpoint:
        keyring = start.options.no_new_keyring
        return runc_command.create(runtime, container, setting, no_new_keyring=keyring)
    work = start.options.criu_work_path or bundle_files.criu_work(start.bundle)
    return runc_command.restore(
        runtime, container, setting, image_path=start.checkpoint, work_path=work
    )


def _exec(start: Start, exec_id: ExecId) -> Argv:
    return runc_command.execute(
        _runtime(start, exec_id),
        start.process.owner.container,
        process_file=bundle_files.exec_gate(start.bundle, exec_id),
        pid_file=bundle_files.pid_file(start.bundle, exec_id),
        console_socket=start.console_socket,
    )
