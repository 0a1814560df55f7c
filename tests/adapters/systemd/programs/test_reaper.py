"""The reaper as a process, with a shell script in runc's place."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from adapters.systemd.host import PROGRAMS, reaper_command

PATIENCE_S: Final = 20

# Like runc it does not wait for the program; a shell in its place might.
_RUNC: Final = """
import os, sys, time
_, gate, pid_file, program, linger = sys.argv
with open(gate) as file:
    file.read()
pid = os.fork()
if pid == 0:
    os.execv("/bin/sh", ["sh", "-c", program])
if linger == "dies before":
    print(pid, flush=True)
    os.kill(os.getpid(), 9)
with open(pid_file, "w") as file:
    file.write(str(pid))
if linger == "dies after":
    os.kill(os.getpid(), 9)
time.sleep(float(linger))
os._exit(0)
"""


class Unit:
    """What systemd is to the reaper: its environment, its notify socket, its parent."""

    def __init__(self, folder: Path) -> None:
        self.pid_file = folder / "pid"
        self.process_file = folder / "process.json"
        self.process_file.write_text("{}")
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        self._notify_path = folder / "notify"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notify.bind(str(self._notify_path))
        self._notify.settimeout(PATIENCE_S)
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, *runc: str, stdin: int | None = None) -> subprocess.Popen[bytes]:
        files = (self.process_file, self.gate, self.pid_file)
        reaper = subprocess.Popen(
            [*reaper_command(sys.executable), *files, "--", *runc],
            stdin=stdin,
            env={**os.environ, "NOTIFY_SOCKET": str(self._notify_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._processes.append(reaper)
        return reaper

    def run(self, program: str, linger: float | str = 0) -> subprocess.Popen[bytes]:
        """`runc exec --detach` of a shell program: leaves it behind, and its pid in the file.

        `linger`: for so many seconds, or `dies before` the pid is in the file, or `dies after`.
        """
        return self.start(
            *(sys.executable, "-IS", "-c", _RUNC),
            *(str(self.gate), str(self.pid_file), program, str(linger)),
        )

    def is_ready(self) -> bool:
        return self._notify.recv(100) == b"READY=1"

    def heard_nothing(self) -> bool:
        self._notify.setblocking(False)
        try:
            self._notify.recv(100)
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        self._notify.close()
        for process in self._processes:
            # What a failed test leaves behind would keep the output open.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def ends(pid: int) -> bool:
    """Within the patience; a zombie has ended, whoever reaps it and whenever."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    with os.fdopen(process, "rb"):
        return bool(select.select([process], [], [], PATIENCE_S)[0])


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    unit = Unit(tmp_path)
    yield unit
    unit.close()


@pytest.mark.parametrize("code", [0, 3, 255])
def test_it_ends_with_the_programs_exit_code(unit: Unit, code: int) -> None:
    reaper = unit.run(f"exit {code}")
    assert reaper.wait(PATIENCE_S) == code
    assert unit.is_ready()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP])
def test_it_dies_by_the_programs_signal(unit: Unit, number: int) -> None:
    reaper = unit.run("exec sleep 1000")
    assert unit.is_ready()
    os.kill(int(unit.pid_file.read_text()), number)
    assert reaper.wait(PATIENCE_S) == -number


def test_it_leaves_no_core_where_the_program_left_none(unit: Unit, tmp_path: Path) -> None:
    reaper = unit.run(f"cd {tmp_path}; exec sleep 1000")
    assert unit.is_ready()
    os.kill(int(unit.pid_file.read_text()), signal.SIGSEGV)
    status = os.waitid(os.P_PID, reaper.pid, os.WEXITED | os.WNOWAIT)
    assert status is not None
    assert (status.si_code, status.si_status) == (os.CLD_KILLED, signal.SIGSEGV)


@pytest.mark.parametrize("code", [1, 126])
def test_a_runc_that_fails_is_a_start_that_fails(unit: Unit, code: int) -> None:
    reaper = unit.start("/bin/sh", "-c", f"exit {code}")
    assert reaper.wait(PATIENCE_S) == code
    assert unit.heard_nothing()


def test_a_runc_that_dies_is_a_start_that_fails(unit: Unit) -> None:
    reaper = unit.start("/bin/sh", "-c", "kill -9 $$")
    assert reaper.wait(PATIENCE_S) == 128 + signal.SIGKILL
    assert unit.heard_nothing()


@pytest.mark.parametrize("begun", [False, True], ids=["no pid file", "an empty one"])
def test_f101_a_program_that_a_dying_runc_let_go_is_ended(unit: Unit, begun: object) -> None:
    if begun:
        unit.pid_file.touch()
    reaper = unit.run("exec sleep 1000 >&-", "dies before")
    assert reaper.wait(PATIENCE_S) == 128 + signal.SIGKILL
    assert unit.heard_nothing()
    assert reaper.stdout is not None
    assert ends(int(reaper.stdout.read()))


def test_f101_a_runc_that_dies_when_its_work_is_done_does_no_harm(unit: Unit) -> None:
    reaper = unit.run("exit 6", "dies after")
    assert unit.is_ready()
    assert reaper.wait(PATIENCE_S) == 6


def test_a_runc_that_is_missing_is_a_start_that_fails(unit: Unit) -> None:
    reaper = unit.start("no-such-runc")
    assert reaper.wait(PATIENCE_S) > 0
    assert unit.heard_nothing()


def test_runc_is_found_by_its_name_in_the_first_folder_of_the_path_that_has_it(
    unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runc = tmp_path / "second" / "some-runc"
    runc.parent.mkdir()
    runc.write_text("#!/bin/sh\nexit 7\n")
    runc.chmod(0o755)
    # A file where a folder should be, one that is missing, and one that holds no program.
    (tmp_path / "file").write_text("")
    (tmp_path / "first" / "some-runc").mkdir(parents=True)
    folders = [tmp_path / name for name in ("file", "missing", "first", "second")]
    monkeypatch.setenv("PATH", ":".join(str(folder) for folder in folders))
    assert unit.start("some-runc").wait(PATIENCE_S) == 7


def test_a_runc_that_may_not_be_run_is_told_from_one_that_is_missing(
    unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some-runc").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}:/missing")
    reaper = unit.start("some-runc")
    assert reaper.wait(PATIENCE_S) > 0
    assert reaper.stderr is not None
    said = reaper.stderr.read()
    assert b"some-runc" in said
    assert b"Permission denied" in said


def test_a_runc_that_leaves_no_pid_is_a_start_that_fails(unit: Unit) -> None:
    reaper = unit.start("/bin/sh", "-c", "exit 0")
    assert reaper.wait(PATIENCE_S) > 0
    assert unit.heard_nothing()


def test_an_end_that_somebody_else_got_is_unknown_and_never_zero(unit: Unit) -> None:
    reaper = unit.start("/bin/sh", "-c", f"echo 1 > {unit.pid_file}")
    assert reaper.wait(PATIENCE_S) == 255


def test_term_is_passed_on_to_the_program(unit: Unit) -> None:
    reaper = unit.run("trap 'exit 7' TERM; echo; while :; do sleep 0.05; done")
    assert unit.is_ready()
    assert reaper.stdout is not None
    assert reaper.stdout.readline() == b"\n"
    reaper.terminate()
    assert reaper.wait(PATIENCE_S) == 7


def test_a_program_that_ignores_term_goes_on(unit: Unit) -> None:
    reaper = unit.run("trap '' TERM; echo; sleep 0.2; exit 5")
    assert unit.is_ready()
    assert reaper.stdout is not None
    reaper.stdout.readline()
    reaper.terminate()
    assert reaper.wait(PATIENCE_S) == 5


def test_a_program_that_is_over_before_runc_is_keeps_its_status(unit: Unit) -> None:
    reaper = unit.run("exit 6", linger=0.2)
    assert unit.is_ready()
    assert reaper.wait(PATIENCE_S) == 6


def test_a_stray_child_that_ends_first_is_not_taken_for_the_program(unit: Unit) -> None:
    reaper = unit.run("(sleep 0.05; exit 9) & sleep 0.3; exit 4")
    assert reaper.wait(PATIENCE_S) == 4


def test_a_child_that_keeps_the_output_does_not_keep_the_end_back(unit: Unit) -> None:
    reaper = unit.run("sleep 1000 & echo $!; exit 2")
    assert reaper.wait(PATIENCE_S) == 2
    assert reaper.stdout is not None
    os.kill(int(reaper.stdout.readline()), signal.SIGKILL)


def test_a_reader_sees_the_end_of_the_output_while_the_program_still_runs(unit: Unit) -> None:
    reaper = unit.run("echo all; exec >&-; exec sleep 1000")
    assert reaper.stdout is not None
    assert reaper.stdout.read() == b"all\n"
    assert reaper.poll() is None


def test_runc_and_the_program_know_nothing_of_the_notify_socket(unit: Unit) -> None:
    reaper = unit.run("echo ${NOTIFY_SOCKET-none}")
    assert reaper.stdout is not None
    assert reaper.stdout.read() == b"none\n"


def test_runc_is_started_with_no_signal_ignored(unit: Unit) -> None:
    reaper = unit.start("grep", "SigIgn", "/proc/self/status")
    assert reaper.stdout is not None
    assert int(reaper.stdout.read().split()[1], 16) == 0


def test_a_runc_whose_path_looks_like_a_variable_is_found(unit: Unit, tmp_path: Path) -> None:
    runc = tmp_path / "version=2" / "runc"
    runc.parent.mkdir()
    runc.write_text("#!/bin/sh\nexit $1\n")
    runc.chmod(0o755)
    assert unit.start(str(runc), "7").wait(PATIENCE_S) == 7


def test_the_program_has_the_stdin_of_the_unit(unit: Unit) -> None:
    reaper = unit.start("cat", stdin=subprocess.PIPE)
    said, _ = reaper.communicate(b"hello", PATIENCE_S)
    assert said == b"hello"


def test_runc_has_no_more_files_open_than_the_unit_had(unit: Unit) -> None:
    reaper = unit.start("ls", "/proc/self/fd")
    assert reaper.stdout is not None
    assert reaper.stdout.read().split() == [b"0", b"1", b"2", b"3"]  # the last is the folder itself


@pytest.mark.parametrize("size", [2, 65536, 1_000_000])
def test_runc_reads_the_process_from_the_gate_to_its_end(unit: Unit, size: int) -> None:
    text = (b"{" + b" " * size)[: size - 1] + b"}"
    unit.process_file.write_bytes(text)
    reaper = unit.start("cat", str(unit.gate))
    assert reaper.communicate(timeout=PATIENCE_S)[0] == text


def test_a_runc_that_reads_no_more_than_it_needs_goes_on(unit: Unit) -> None:
    unit.process_file.write_bytes(b"x" * 1_000_000)
    reaper = unit.start("/bin/sh", "-c", f"head -c 1 {unit.gate}; exit 7")
    assert reaper.communicate(timeout=PATIENCE_S)[0] == b"x"
    assert reaper.returncode == 7


def test_nothing_of_the_program_exists_before_a_subreaper_is_there_that_passes_term_on(
    unit: Unit,
) -> None:
    """What it would be is held up as the reaper itself is."""
    reaper = unit.start(
        "/bin/sh",
        "-c",
        f"cat {unit.gate} >&2; grep SigCgt /proc/$PPID/status; exec grep PPid /proc/$$/status",
    )
    said = reaper.communicate(timeout=PATIENCE_S)[0].split()
    caught = int(said[said.index(b"SigCgt:") + 1], 16)
    assert caught & 1 << signal.SIGTERM - 1
    assert int(said[-1]) == reaper.pid


@pytest.mark.parametrize("arguments", [[], ["file"], ["file", "gate", "pid"], ["a"] * 5])
def test_it_refuses_to_guess_its_arguments(arguments: list[str]) -> None:
    command = [sys.executable, "-IS", str(PROGRAMS / "run_reaper.py"), *arguments]
    refused = subprocess.run(command, check=False, capture_output=True)
    assert refused.returncode == 1
    assert refused.stderr.startswith(b"usage")


def test_it_imports_next_to_nothing(unit: Unit) -> None:
    command = [sys.executable, "-IS", "-X", "importtime", str(PROGRAMS / "run_reaper.py")]
    nobody = ["/nothing", str(unit.gate), "/nothing", str(os.getpid())]
    shown = subprocess.run([*command, *nobody], check=False, capture_output=True, text=True)
    assert shown.returncode == 255  # no child of its own
    loaded = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert loaded & {"_ctypes", "_socket"} == {"_ctypes", "_socket"}
    assert not loaded & {"ctypes", "enum", "os", "re", "signal", "socket", "subprocess", "typing"}
    assert "warnings" not in loaded
