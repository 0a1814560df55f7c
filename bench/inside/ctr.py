"""The command lines of ctr, and the two runtimes that are compared."""

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.inside.timing import CommandFailedError

IMAGE: Final = "docker.io/library/busybox:latest"
CONTAINERD: Final = "/run/containerd/containerd.sock"
# A container that nobody removes ends by itself.
IDLE_SECONDS: Final = "3000"
COMMAND_SECONDS: Final = 60

VERSION: Final = ("ctr", "version")


@dataclass(frozen=True, slots=True)
class Runtime:
    """One of the subjects: what containerd calls it, and a word for the ids of its containers.

    Machines on cgroup v1 share the host's controllers: the ids are nobody else's.
    """

    name: str
    binary: str
    word: str

    @property
    def short(self) -> str:
        return self.name.removeprefix("io.containerd.")

    def id(self, what: str) -> str:
        return f"bench{self.word}{what}"


OURS: Final = Runtime("io.containerd.systemd.v1", "containerd-shim-systemd-v1", "s")
THEIRS: Final = Runtime("io.containerd.runc.v2", "containerd-shim-runc-v2", "r")
BOTH: Final = (OURS, THEIRS)


def run(runtime: Runtime, container: str, *program: str, options: Sequence[str] = ()) -> list[str]:
    return [
        *("ctr", "run", "--runtime", runtime.name, *_shares(), *options),
        *(IMAGE, container, *program),
    ]


def start_idle(runtime: Runtime, container: str, *options: str) -> None:
    call(run(runtime, container, "sleep", IDLE_SECONDS, options=("--detach", *options)))


def execute(container: str, exec_id: str, *program: str) -> list[str]:
    return ["ctr", "tasks", "exec", "--exec-id", exec_id, container, *program]


def remove(container: str) -> None:
    """Whatever state it is in."""
    call(["ctr", "tasks", "rm", "--force", container])
    call(["ctr", "containers", "rm", container])


def sweep() -> None:
    """Removes what a measurement that failed has left."""
    for container in call(["ctr", "containers", "ls", "-q"]).split():
        if not container.startswith("bench"):
            continue
        for command in (["tasks", "rm", "--force"], ["containers", "rm"]):
            try:
                call(["ctr", *command, container])
            except CommandFailedError as why:
                sys.stderr.write(f"bench: {container} is not removed: {why}\n")


def call(argv: Sequence[str]) -> str:
    """What a command prints that has to succeed; its time does not matter."""
    done = subprocess.run(  # noqa: S603 (the bench's own command lines)
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        raise CommandFailedError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def _shares() -> tuple[str, ...]:
    """ctr asks for 1024 CPU shares; where cgroup v2 has no cpu controller runc fails on that."""
    controllers = ""
    with suppress(FileNotFoundError):
        controllers = Path("/sys/fs/cgroup/cgroup.controllers").read_text()
    unified = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    return ("--cpu-shares", "0") if unified and "cpu" not in controllers.split() else ()
