"""containerd itself against a simulated shim: `shimctl sim serve` and its launcher."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from subprocess import CompletedProcess

from tests.lab.containerd_events import listening
from tests.lab.containers import IMAGE, PATIENCE_SECONDS
from tests.lab.root import Root

SHIMCTL = "/opt/containerd-shim-systemd/bin/shimctl"
LAUNCHER = "/usr/local/bin/containerd-shim-simulated-v1"
RUNTIME = "io.containerd.simulated.v1"
SOCKET = "/run/simulated.sock"


@dataclass(frozen=True, slots=True)
class Simulated:
    """A containerd whose containers of this runtime run on a simulated node."""

    root: Root

    def ctr(self, *argv: str, check: bool = True) -> CompletedProcess[str]:
        return self.root.run("ctr", *argv, timeout=PATIENCE_SECONDS, check=check)

    def run(self, word: str, *said: str, options: tuple[str, ...] = ()) -> CompletedProcess[str]:
        """`ctr run`; `said`: the variables that tell the program what to do."""
        words = [word for variable in said for word in ("--env", variable)]
        shares = () if self.root.suite == "bookworm" else ("--cpu-shares", "0")
        return self.ctr(
            *("run", "--runtime", RUNTIME, *shares, *options, *words, IMAGE, word, "true"),
            check=False,
        )

    def tasks(self) -> dict[str, str]:
        """Each task's status, as `ctr tasks ls` shows it."""
        rows = self.ctr("tasks", "ls").stdout.splitlines()[1:]
        return {row.split()[0]: row.split()[2] for row in rows}


@contextlib.contextmanager
def serving(root: Root, *options: str, dies: int = 0) -> Iterator[Simulated]:
    """Serves while the block lasts, in which the shim dies so often; nothing may be left of it."""
    with root.popen(
        *(SHIMCTL, "sim", "serve", "--socket", SOCKET, "--namespace", "default"),
        *("--launcher", LAUNCHER, *options),
    ) as shim:
        assert shim.stdout is not None
        assert shim.stdout.readline().startswith(f"serving on {SOCKET}")
        yield Simulated(root)
        assert shim.stop(signal.SIGTERM) == 0
        assert shim.stdout.read() == f"ended; the shim has died {dies} times\n"
    left = root.run("ls", SOCKET, LAUNCHER)
    assert left.stdout == ""


def test_ctr_run_has_the_output_and_status_that_its_environment_says(root: Root) -> None:
    said = ("SIM_OUTPUT=hello", "SIM_ERRORS=oh no", "SIM_EXIT=3", "SIM_RUNS=1s")
    with serving(root) as simulated:
        ran = simulated.run("says", *said, options=("--rm",))
        assert (ran.returncode, ran.stdout, ran.stderr) == (3, "hello\n", "oh no\n")
        assert simulated.tasks() == {}


def test_ctr_events_shows_the_life(root: Root) -> None:
    with serving(root) as simulated, listening(root) as events:
        assert simulated.run("told", "SIM_EXIT=3", options=("--rm",)).returncode == 3
        told = events.until("told", "/tasks/delete")
        assert [each.short for each in told if each.topic.startswith("/tasks/")] == [
            "create", "start", "exit", "delete",
        ]  # fmt: skip


def test_execs_kills_and_deletes_go_through_containerd(root: Root) -> None:
    with serving(root) as simulated:
        said = ("SIM_RUNS=forever", "SIM_EXEC_EXIT=4", "SIM_EXEC_OUTPUT=inside")
        simulated.run("long", *said, options=("--detach",)).check_returncode()
        probe = simulated.ctr("tasks", "exec", "--exec-id", "probe", "long", "true", check=False)
        assert (probe.returncode, probe.stdout) == (4, "inside\n")
        assert simulated.tasks() == {"long": "RUNNING"}
        with root.popen("ctr", "tasks", "attach", "long") as waiting:
            simulated.ctr("tasks", "kill", "-s", "KILL", "long")
            assert waiting.wait(PATIENCE_SECONDS) == 137
        simulated.ctr("tasks", "delete", "long", check=False)
        simulated.ctr("containers", "rm", "long")
        assert simulated.tasks() == {}


def test_a_fault_reaches_the_client_in_runcs_words(root: Root) -> None:
    with serving(root, "--faults", "F104=1") as simulated:
        ran = simulated.run("fails", "SIM_EXIT=0", options=("--rm",))
        assert ran.returncode == 1
        assert "failed runc start" in ran.stderr
        simulated.ctr("tasks", "delete", "--force", "fails", check=False)
        simulated.ctr("containers", "rm", "fails", check=False)
        assert simulated.tasks() == {}


def test_after_a_crash_containerd_cleans_up_and_runs_the_next_container(root: Root) -> None:
    """A lost connection is a dead shim to it, and it asks the launcher for `delete`."""
    with serving(root, "--seed", "2", "--crashes", "2", dies=2) as simulated:
        for number in range(12):
            simulated.run(f"tries{number}", "SIM_EXIT=5", options=("--rm",))
            simulated.ctr("tasks", "delete", "--force", f"tries{number}", check=False)
            simulated.ctr("containers", "rm", f"tries{number}", check=False)
        assert simulated.run("last", "SIM_EXIT=5", options=("--rm",)).returncode == 5
        assert simulated.tasks() == {}
