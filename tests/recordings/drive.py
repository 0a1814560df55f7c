#!/usr/bin/python3
"""Leads containers through their lives with `ctr` and docker while record.py's tap listens.

Each scenario has a container id of its own, by which the collector tells them apart afterwards
(docker chooses its ids itself; its namespace is "moby"). What fails in some generation is printed
and left: a refusal is a recording too. Run as root; standard library only, as record.py.
"""

# ruff: noqa: T201, S108 - it talks to a person, on a machine that is ours alone

import contextlib
import fcntl
import os
import pty
import shutil
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Final

IMAGE: Final = "docker.io/library/busybox:latest"
# Nothing here takes a second by itself, except under a loaded machine; this bounds a hang.
COMMAND_SECONDS: Final = 60.0
# Where the cgroup tree has no cpu controller, runc refuses ctr's default of 1024 shares.
V2: Final = Path("/sys/fs/cgroup/cgroup.controllers")
WITHOUT_SHARES: Final = (
    ["--cpu-shares", "0"] if V2.exists() and "cpu " not in V2.read_text() else []
)


def say(*words: str, stdin: str | None = None) -> str:
    """Runs a command to its end; its output, after it was shown."""
    print("$", *words, flush=True)
    try:
        ended = subprocess.run(
            words,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print("  … did not end", flush=True)
        return ""
    output = ended.stdout + ended.stderr
    print(f"  {ended.returncode}", *output.splitlines()[:3], sep="\n  ", flush=True)
    return ended.stdout


def say_on_a_terminal(*words: str, typed: str) -> None:
    """The same with a terminal for stdin, stdout and stderr, resized once, on which `typed` is
    entered after the first prompt."""
    print("$", *words, "(terminal)", flush=True)
    pid, master = pty.fork()
    if pid == 0:
        signal.alarm(int(COMMAND_SECONDS))
        os.execvp(words[0], words)  # noqa: S606 - no shell is wanted
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other side has closed
        while data := os.read(master, 4096):
            if b"#" not in shown and b"#" in shown + data:
                fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("4H", 30, 100, 0, 0))
                os.write(master, typed.encode())
            shown += data
    _, status = os.waitpid(pid, 0)
    print(f"  {os.waitstatus_to_exitcode(status)}", flush=True)


def run(container: str, *command: str, options: tuple[str, ...] = ("--rm",)) -> None:
    say("ctr", "run", *options, *WITHOUT_SHARES, IMAGE, container, *command)


def remove(container: str) -> None:
    say("ctr", "tasks", "kill", "-s", "KILL", "-a", container)
    # Without --force it would not wait for the exit, and might be refused.
    say("ctr", "tasks", "delete", "--force", container)
    say("ctr", "containers", "rm", container)


@contextlib.contextmanager
def events() -> Iterator[Iterator[str]]:
    """containerd's events, a line each."""
    with subprocess.Popen(["ctr", "events"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout
        finally:
            process.terminate()


def foreground() -> None:
    run("rec-run-rm", "true")
    run("rec-exit", "sh", "-c", "exit 42")
    run("rec-missing", "/no/such/program")
    words = ("ctr", "run", "--rm", "-t", *WITHOUT_SHARES, IMAGE, "rec-terminal", "sh")
    say_on_a_terminal(*words, typed="exit 5\n")


def life_with_execs() -> None:
    container = "rec-life"
    tasks = ("ctr", "tasks")
    run(container, "sleep", "1000", options=("-d",))
    say(*tasks, "ls")
    say(*tasks, "exec", "--exec-id", "fine", container, "true")
    say(*tasks, "exec", "--exec-id", "fails", container, "/no/such/program")
    say(*tasks, "exec", "--exec-id", "reads", container, "cat", stdin="a line\n")
    say(*tasks, "exec", "-d", "--exec-id", "stays", container, "sleep", "1000")
    say(*tasks, "ps", container)
    say(*tasks, "kill", "-s", "KILL", "--exec-id", "stays", container)
    words = (*tasks, "exec", "-t", "--exec-id", "terminal", container, "sh")
    say_on_a_terminal(*words, typed="exit 6\n")
    say(*tasks, "pause", container)
    say(*tasks, "ls")
    say(*tasks, "resume", container)
    say(*tasks, "metrics", container)
    say(*tasks, "checkpoint", "--image-path", "/tmp/rec-checkpoint", container)
    remove(container)


def options() -> None:
    run("rec-runc", "true", options=("--rm", "--runc-binary", "runc", "--runc-root", "/run/rec"))
    run("rec-pivot", "true", options=("--rm", "--no-pivot"))
    Path("/etc/rec.toml").write_text("# nothing\n")
    config = ("--runtime", "io.containerd.record.v1", "--runtime-config-path", "/etc/rec.toml")
    run("rec-config", "true", options=("--rm", *config))
    say("ctr", "plugins", "inspect-runtime", "--runtime", "io.containerd.runc.v2")


def checkpointed_and_restored() -> None:
    container, image = "rec-frozen", "localhost/frozen:latest"
    run(container, "sleep", "1000", options=("-d",))
    say("ctr", "containers", "checkpoint", "--image", "--rw", "--task", container, image)
    remove(container)
    say("ctr", "containers", "restore", "--rw", "--live", "rec-restored", image)
    remove("rec-restored")


def out_of_memory() -> None:
    limit = ("--rm", "--memory-limit", str(16 << 20))
    run("rec-memory", "dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=2", options=limit)


def shim_killed() -> None:
    container = "rec-lost"
    with events() as lines:
        run(container, "sleep", "1000", options=("-d",))
        # The tap has the real shim's path in its command line nowhere: only the shim has both.
        found = say("pgrep", "-f", f"^/usr/bin/containerd-shim-runc-v2 .*-id {container}")
        os.kill(int(found.split()[0]), signal.SIGKILL)
        for line in lines:
            if "/tasks/delete" in line and container in line:
                break
    remove(container)


def containerd_restarted() -> None:
    container = "rec-restart"
    run(container, "sleep", "1000", options=("-d",))
    say("systemctl", "restart", "containerd")
    say("ctr", "tasks", "ls")
    remove(container)


def docker() -> None:
    """Update, which ctr has no word for."""
    say("systemctl", "stop", "docker.socket", "docker")
    image = Path("/tmp/rec-image")
    (image / "bin").mkdir(parents=True, exist_ok=True)
    shutil.copy("/bin/busybox", image / "bin" / "busybox")
    say("tar", "-C", str(image), "-cf", "/tmp/rec-image.tar", ".")
    daemon = ("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none")
    address = ("--containerd", "/run/containerd/containerd.sock")
    with Path("/tmp/rec-dockerd").open("w") as log:
        running = subprocess.Popen([*daemon, *address], stdout=log, stderr=log)
    try:
        # The client itself waits for nothing; the daemon's socket appears when it answers.
        waiting = "until docker version >/dev/null 2>&1; do sleep 0.2; done"
        say("timeout", "30", "sh", "-c", waiting)
        say("docker", "import", "/tmp/rec-image.tar", "rec")
        started = say("docker", "run", "-d", "--net", "none", "rec", "/bin/busybox", "sleep", "999")
        container = started.strip()
        say("docker", "update", "--memory", "64m", "--memory-swap", "64m", container)
        say("docker", "update", "--pids-limit", "50", container)
        say("docker", "exec", container, "/bin/busybox", "true")
        say("docker", "top", container)
        say("docker", "rm", "-f", container)
    finally:
        running.terminate()
        running.wait(COMMAND_SECONDS)


if __name__ == "__main__":
    scenarios = (
        foreground,
        life_with_execs,
        options,
        checkpointed_and_restored,
        out_of_memory,
        shim_killed,
        containerd_restarted,
        docker,
    )
    wanted = sys.argv[1:]
    for scenario in scenarios:
        if not wanted or scenario.__name__ in wanted:
            print("==", scenario.__name__, flush=True)
            scenario()
