"""Containers of a lab machine, run through ctr and an unmodified containerd."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import CompletedProcess
from typing import Final

from tests.lab.root import InsideProcess, Root
from tests.lab.terminal import Terminal

IMAGE: Final = "docker.io/library/busybox:latest"
RUNTIME: Final = "io.containerd.systemd.v1"
SERVICE: Final = "containerd-shim-systemd.service"
SOCKET: Final = "containerd-shim-systemd.socket"
# A container ends when its test does, or after so many seconds: nobody is to wait for ever.
LIFETIME: Final = "3000"
# Two loaded cores are shared by all who work here.
PATIENCE_SECONDS: Final = 120

# ctr leaves its own terminal's output processing on (with runc's shim too), so a line's end that
# the container's terminal has made "\r\n" would get another "\r".
_ON_A_PLAIN_TERMINAL: Final = ("sh", "-c", 'stty -onlcr; exec "$@"', "sh")

# Ends and removes every task and container of every namespace, whatever state they are in.
_REMOVE_ALL: Final = """
for namespace in $(ctr namespaces ls -q); do
    in_it() { ctr -n "$namespace" "$@"; }
    for task in $(in_it tasks ls -q); do
        in_it tasks delete -f "$task" >&2 || true
    done
    for container in $(in_it containers ls -q); do
        in_it containers rm "$container" >&2 || true
        in_it snapshots rm "$container" 2>/dev/null || true
    done
done
"""


@dataclass(frozen=True, slots=True)
class Containers:
    """What one containerd namespace holds.

    `mark` begins each id: machines on cgroup v1 share the host's controllers, so two of them
    must not have the same ids at one time. An id without a dash is in its unit's name as it is.
    """

    root: Root
    mark: str
    namespace: str = "default"

    def id(self, word: str) -> str:
        """A container id of this test run."""
        return f"{self.mark}{word}"

    def unit(self, word: str) -> str:
        """The unit of a container's init."""
        return f"io-containerd-systemd-{self.namespace}-{self.id(word)}-init.service"

    def ctr(
        self, *argv: str, check: bool = True, timeout: float = PATIENCE_SECONDS
    ) -> CompletedProcess[str]:
        return self.root.run("ctr", "-n", self.namespace, *argv, timeout=timeout, check=check)

    def run(self, word: str, *argv: str, options: tuple[str, ...] = ()) -> CompletedProcess[str]:
        """`ctr run --rm` in the foreground: its output and exit status are the container's."""
        return self.root.run(
            *self.run_command(word, *argv, options=("--rm", *options)), timeout=300
        )

    def start(self, word: str, *argv: str, options: tuple[str, ...] = ()) -> None:
        """`ctr run --detach`."""
        self.ctr(*self.run_command(word, *argv, options=("--detach", *options))[3:])

    def sleep(self, word: str) -> None:
        """A container that does nothing until it is killed, which is a handler's exit 0 on TERM."""
        self.start(word, "sh", "-c", f"trap 'exit 0' TERM; sleep {LIFETIME} & wait")

    def popen(self, word: str, *argv: str, options: tuple[str, ...] = ()) -> InsideProcess:
        """`ctr run --rm` in the foreground, with pipes."""
        return self.root.popen(*self.run_command(word, *argv, options=("--rm", *options)))

    def terminal(self, *command: str, rows: int = 24, columns: int = 80) -> Terminal:
        """Runs a ctr command on a terminal that no session has.

        The end of a session throws away what nobody has read of its terminal yet
        (tty_vhangup_session in the kernel), so all output is only here to be seen.
        """
        argv = self.root._command(*_ON_A_PLAIN_TERMINAL, *command)
        return Terminal(argv, rows=rows, columns=columns)

    def window(self, *command: str, rows: int = 24, columns: int = 80) -> Terminal:
        """Runs a ctr command in a session with a terminal: it hears of resizes and of a hang-up."""
        return self.root.pty(*_ON_A_PLAIN_TERMINAL, *command, rows=rows, columns=columns)

    def exec(
        self, word: str, exec_id: str, *argv: str, options: tuple[str, ...] = ()
    ) -> CompletedProcess[str]:
        """`ctr tasks exec` in the foreground."""
        return self.root.run(
            *self.exec_command(word, exec_id, *argv, options=options), timeout=PATIENCE_SECONDS
        )

    def exec_command(
        self, word: str, exec_id: str, *argv: str, options: tuple[str, ...] = ()
    ) -> tuple[str, ...]:
        return (
            *("ctr", "-n", self.namespace, "tasks", "exec", *options),
            *("--exec-id", exec_id, self.id(word), *argv),
        )

    def run_command(self, word: str, *argv: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
        return (
            *("ctr", "-n", self.namespace, "run", "--runtime", RUNTIME),
            # The lab's cgroup v2 has no cpu controller: with shares to set, runc would fail.
            *(() if self.root.suite == "bookworm" else ("--cpu-shares", "0")),
            *options,
            *(IMAGE, self.id(word), *argv),
        )

    def pid(self, word: str) -> int:
        """The init's pid inside the machine, as `ctr tasks ls` shows it."""
        return int(self._row(word)[1])

    def status(self, word: str) -> str:
        """RUNNING, STOPPED and so on, as `ctr tasks ls` shows it."""
        return self._row(word)[2]

    def delete(self, word: str) -> int:
        """Deletes a stopped task and its container; answers the task's exit status."""
        said = self.ctr("tasks", "delete", self.id(word)).stderr
        self.ctr("containers", "rm", self.id(word))
        # ctr itself ends with 0, and mentions the status if it is another.
        found = re.search(r"exit with non-zero exit code (\d+)", said)
        return int(found[1]) if found else 0

    def kill(self, word: str, signal: str = "KILL") -> None:
        self.ctr("tasks", "kill", "-s", signal, self.id(word))

    def wait(self, word: str) -> None:
        """Returns when the task has stopped; containerd's own event says so."""
        self.root.shell(
            f"for i in $(seq 600); do ctr -n {self.namespace} tasks ls"
            f" | grep -Eq '^{self.id(word)} .* STOPPED' && exit; sleep 0.2; done; exit 1",
            timeout=PATIENCE_SECONDS,
        )

    def remove_all(self) -> None:
        self.root.shell(_REMOVE_ALL, timeout=300)

    def _row(self, word: str) -> list[str]:
        for line in self.ctr("tasks", "ls").stdout.splitlines():
            columns = line.split()
            if columns[0] == self.id(word):
                return columns
        raise AssertionError(f"no task {self.id(word)}")


def to_daemon(root: Root, signal: str) -> None:
    """A signal for the daemon's own process."""
    root.run("systemctl", "kill", "--kill-whom=main", "-s", signal, SERVICE, check=True)


def kill_daemon(root: Root) -> None:
    """SIGKILL; returns when systemd has seen its end: until then somebody may connect to it."""
    main_pid = f"systemctl show -P MainPID {SERVICE}"
    died = int(root.shell(main_pid))
    to_daemon(root, "KILL")
    root.shell(
        f"for i in $(seq 600); do [ $({main_pid}) != {died} ] && exit; sleep 0.05; done; exit 1",
        timeout=PATIENCE_SECONDS,
    )


def end_by_term(root: Root, unit: str) -> None:
    """TERM to the container's program alone; returns when systemd has seen its end."""
    root.shell(
        f"systemctl kill --kill-whom=main -s TERM {unit}\n"
        f"for i in $(seq 600); do [ $(systemctl show -P ExecMainCode {unit}) != 0 ] && exit\n"
        "sleep 0.1; done; exit 1",
        timeout=PATIENCE_SECONDS,
    )


@contextmanager
def daemon_down(root: Root) -> Iterator[None]:
    """The shim's daemon is killed and does not come back before the block's end."""
    drop_in = f"/run/systemd/system/{SERVICE}.d"
    root.shell(
        f"mkdir -p {drop_in}; printf '[Service]\\nRestart=no\\n' >{drop_in}/down.conf\n"
        f"systemctl daemon-reload; systemctl stop {SOCKET}\n"
        f"systemctl kill --kill-whom=main -s KILL {SERVICE}\n"
        f"for i in $(seq 100); do systemctl is-failed -q {SERVICE} && exit; sleep 0.1; done; exit 1"
    )
    try:
        yield
    finally:
        # Also of the socket, whose starts are counted: the sixth within 10 s would be refused
        # (systemctl(1), reset-failed; StartLimitBurst=5 in 10 s).
        root.shell(
            f"rm -r {drop_in}; systemctl daemon-reload\n"
            f"systemctl reset-failed {SERVICE} {SOCKET} || true\n"
            f"systemctl start {SOCKET} {SERVICE}",
            timeout=PATIENCE_SECONDS,
        )
