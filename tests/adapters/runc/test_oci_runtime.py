"""The adapter with small shell scripts as the runtime: any binary that a task names will do."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from returns.result import Failure, Success

from adapters.runc.child import ERROR_BYTES_MAX, OUTPUT_BYTES_MAX
from adapters.runc.oci_runtime import OciRuntime
from domain.identity import ContainerId, ContainerKey, Namespace
from domain.limits import Seconds
from domain.ports.runc import RuncState, RuncTarget
from domain.refusal import DeadlinePassed, RuncFailed
from domain.runc_command import Checkpoint

pytestmark = pytest.mark.asyncio

LIMIT = Seconds(60)
OWNER = ContainerKey(Namespace("k8s.io"), ContainerId("web"))
# The words of every command before its name are: --root R --log L --log-format json
LOG = 'log="$4"; '

Script = Callable[[str], RuncTarget]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a runtime out of shell lines."""

    def make(lines: str) -> RuncTarget:
        binary = tmp_path / "runtime"
        binary.write_text(f"#!/bin/sh\n{LOG}{lines}\n")
        binary.chmod(0o755)
        return RuncTarget(
            OWNER, str(binary), "/run/r/k8s.io", str(tmp_path), f"{tmp_path}/log.json", debug=False
        )

    return make


def already_there(path: str, text: str) -> None:
    Path(path).write_text(text)


@pytest.fixture
def runtime() -> OciRuntime:
    return OciRuntime(os.environ)


async def test_each_command_is_called_with_the_containers_own_options(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    target = script(f'echo "$@" >> {tmp_path}/calls; case "$*" in *state*|*ps*) echo null;; esac')
    await runtime.start(target, LIMIT)
    await runtime.state(target, LIMIT)
    await runtime.kill(target, 15, LIMIT)
    await runtime.kill_all(target, 9, LIMIT)
    await runtime.pause(target, LIMIT)
    await runtime.resume(target, LIMIT)
    await runtime.update(target, b"{}", LIMIT)
    await runtime.pids(target, LIMIT)
    await runtime.delete(target, LIMIT)
    await runtime.checkpoint(target, Checkpoint("/images"), LIMIT)
    options = f"--root /run/r/k8s.io --log {tmp_path}/log.json --log-format json"
    assert (tmp_path / "calls").read_text().splitlines() == [
        f"{options} {command}"
        for command in (
            "start web",
            "state web",
            "kill web 15",
            "kill --all web 9",
            "pause web",
            "resume web",
            "update --resources=- web",
            "ps --format json web",
            "delete web",
            "checkpoint --image-path /images web",
        )
    ]


async def test_the_reason_is_the_last_error_that_this_command_logged(
    script: Script, runtime: OciRuntime
) -> None:
    target = script(
        'echo \'{"level":"error","msg":"first"}\' >> $log; '
        'echo \'{"level":"error","msg":"the reason"}\' >> $log; '
        'echo \'{"level":"info","msg":"later"}\' >> $log; echo something else >&2; exit 1'
    )
    assert await runtime.start(target, LIMIT) == Failure(RuncFailed("start", "the reason"))


async def test_an_earlier_commands_error_is_nobody_elses_reason(
    script: Script, runtime: OciRuntime
) -> None:
    target = script("echo one >&2; echo its own words >&2; exit 1")
    already_there(target.log, '{"level":"error","msg":"of an earlier one"}\n')
    assert await runtime.pause(target, LIMIT) == Failure(RuncFailed("pause", "its own words"))


async def test_of_two_commands_errors_in_one_log_each_is_told_its_own(
    script: Script, runtime: OciRuntime
) -> None:
    target = script(
        'echo \'{"level":"error","msg":"mine"}\' >> $log; '
        'echo \'{"level":"error","msg":"of another"}\' >> $log; echo mine >&2; exit 1'
    )
    assert await runtime.pause(target, LIMIT) == Failure(RuncFailed("pause", "mine"))


async def test_a_runtime_that_says_nothing_is_told_by_its_exit_status(
    script: Script, runtime: OciRuntime
) -> None:
    failed = await runtime.start(script("exit 3"), LIMIT)
    assert failed == Failure(RuncFailed("start", "exit status 3"))


async def test_a_runtime_that_crashes_is_told_by_its_signal(
    script: Script, runtime: OciRuntime
) -> None:
    failed = await runtime.pids(script("kill -SEGV $$"), LIMIT)
    assert failed == Failure(RuncFailed("ps", "ended by signal SIGSEGV"))


async def test_a_runtime_that_is_not_there_is_told_in_words_that_clients_know(
    runtime: OciRuntime, tmp_path: Path
) -> None:
    target = RuncTarget(OWNER, "no-such-runtime", "/r", str(tmp_path), f"{tmp_path}/l", debug=False)
    match await runtime.start(target, LIMIT):
        case Failure(RuncFailed(reason=reason)):
            assert reason == 'exec: "no-such-runtime": executable file not found in $PATH'
        case other:
            pytest.fail(f"{other}")


async def test_a_runtime_that_may_not_be_run_is_a_refusal(
    script: Script, runtime: OciRuntime
) -> None:
    target = script("exit 0")
    os.chmod(target.binary, 0o644)  # noqa: PTH101 - a path that blocks nobody
    match await runtime.start(target, LIMIT):
        case Failure(RuncFailed(reason=reason)):
            assert reason.endswith("Permission denied")
        case other:
            pytest.fail(f"{other}")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ('{"status":"running","pid":7}', RuncState("running", 7)),  # type: ignore[arg-type]
        ('{"status":"stopped","pid":7}', RuncState("stopped", 0)),  # type: ignore[arg-type]
        ('{"status":"stopped"}', RuncState("stopped", 0)),  # type: ignore[arg-type]
    ],
)
async def test_a_stopped_container_has_no_pid(
    script: Script, runtime: OciRuntime, answer: str, state: RuncState
) -> None:
    assert await runtime.state(script(f"echo '{answer}'"), LIMIT) == Success(state)


@pytest.mark.parametrize(("answer", "pids"), [("null", ()), ("[ ]", ()), ("[\n 7,\n 8\n]", (7, 8))])
async def test_pids_are_read_in_each_runtimes_form(
    script: Script, runtime: OciRuntime, answer: str, pids: tuple[int, ...]
) -> None:
    assert await runtime.pids(script(f"echo '{answer}'"), LIMIT) == Success(pids)


@pytest.mark.parametrize("answer", ["", "{}", '["7"]', "[true]", "not json", '{"status":1}'])
async def test_an_answer_that_makes_no_sense_is_a_refusal(
    script: Script, runtime: OciRuntime, answer: str
) -> None:
    target = script(f"echo '{answer}'")
    for asked in (runtime.state(target, LIMIT), runtime.pids(target, LIMIT)):
        match await asked:
            case Failure(RuncFailed(reason=reason)):
                assert "unexpected answer" in reason
            case other:
                pytest.fail(f"{other}")


@pytest.mark.parametrize(
    "words",
    ["container does not exist", "container `web` does not exist: open `/r/web`: No such file"],
)
async def test_to_delete_what_the_runtime_does_not_know_is_a_success(
    script: Script, runtime: OciRuntime, words: str
) -> None:
    target = script(f"cat >&2 <<'END'\n{words}\nEND\nexit 1")
    assert await runtime.delete(target, LIMIT) == Success(None)


async def test_force_is_used_only_where_the_gentle_delete_is_refused(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    """With it runc sleeps 100 ms even for a container that has stopped (docs/findings/runc.md)."""
    calls = tmp_path / "calls"
    stopped = script(f"echo $* >> {calls}")
    assert await runtime.delete(stopped, LIMIT) == Success(None)
    assert [line.split()[-2:] for line in calls.read_text().splitlines()] == [["delete", "web"]]

    running = script(f'echo $* >> {calls}; case "$*" in *--force*) exit 0;; *) exit 1;; esac')
    assert await runtime.delete(running, LIMIT) == Success(None)
    assert [line.split()[-2:] for line in calls.read_text().splitlines()[1:]] == [
        ["delete", "web"],
        ["--force", "web"],
    ]


async def test_a_delete_that_misses_something_else_is_a_failure(
    script: Script, runtime: OciRuntime
) -> None:
    target = script("echo 'poststop hook of container: /bin/hook does not exist' >&2; exit 1")
    assert isinstance(await runtime.delete(target, LIMIT), Failure)


async def test_the_resources_of_an_update_arrive_whole(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    resources = b'{"unified":{"x":"' + b"y" * 1_000_000 + b'"}}'
    assert await runtime.update(script(f"cat > {tmp_path}/got"), resources, LIMIT) == Success(None)
    assert (tmp_path / "got").read_bytes() == resources


async def test_other_commands_have_nothing_to_read(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    await runtime.start(script(f"cat > {tmp_path}/got"), LIMIT)
    assert (tmp_path / "got").read_bytes() == b""


async def test_systemds_words_to_the_daemon_never_reach_the_runtime(
    script: Script, tmp_path: Path
) -> None:
    told = {"NOTIFY_SOCKET": "/run/n", "LISTEN_FDS": "3", "WATCHDOG_USEC": "1", "PATH": "/bin"}
    await OciRuntime(told).start(script(f"env > {tmp_path}/got"), LIMIT)
    names = {line.partition("=")[0] for line in (tmp_path / "got").read_text().splitlines()}
    assert "PATH" in names
    assert not names & {"NOTIFY_SOCKET", "LISTEN_FDS", "WATCHDOG_USEC"}


async def test_a_limit_that_passes_kills_the_command_and_what_it_started(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    target = script(f"exec 9> {alive}; echo x >&9; sleep 1000 & sleep 1000")
    late = await runtime.delete(target, Seconds(1))
    assert late == Failure(DeadlinePassed(f"{target.binary} delete", 1))
    # Each process of the group held the FIFO open: its end is the end of all of them.
    await _until_nobody_writes(reader)


async def test_a_caller_who_gives_up_kills_the_command_and_leaves_no_zombie(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    alive = tmp_path / "alive"
    os.mkfifo(alive)
    reader = os.open(alive, os.O_RDONLY | os.O_NONBLOCK)
    target = script(f"exec 9> {alive}; echo $$ >&9; sleep 1000 & sleep 1000")
    call = asyncio.create_task(runtime.start(target, LIMIT))
    pid = int(await _line(reader))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await _until_nobody_writes(reader)
    with pytest.raises(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - WNOHANG waits for nothing


async def test_a_background_child_that_keeps_the_output_holds_nothing_up(
    script: Script, runtime: OciRuntime, tmp_path: Path
) -> None:
    target = script(f"sleep 1000 & echo $! > {tmp_path}/pid; echo '[1]'")
    try:
        assert await runtime.pids(target, LIMIT) == Success((1,))
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 9)


async def test_an_answer_without_end_is_refused_and_not_kept(
    script: Script, runtime: OciRuntime
) -> None:
    target = script(f"head -c {OUTPUT_BYTES_MAX + 1} /dev/zero")
    refused = await runtime.state(target, LIMIT)
    assert refused == Failure(RuncFailed("state", "its answer is too large to be read"))


async def test_of_endless_complaints_the_last_words_are_told(
    script: Script, runtime: OciRuntime
) -> None:
    target = script(f"head -c {4 * ERROR_BYTES_MAX} /dev/zero >&2; echo >&2; echo why >&2; exit 1")
    assert await runtime.start(target, LIMIT) == Failure(RuncFailed("start", "why"))


async def test_commands_leave_no_descriptor_open(script: Script, runtime: OciRuntime) -> None:
    target = script("exit 0")
    await runtime.start(target, LIMIT)
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - its own descriptor counts alike
    for _ in range(5):
        await runtime.start(target, LIMIT)
        await runtime.update(target, b"{}", LIMIT)
        await runtime.start(target, Seconds(0))
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


async def _line(fd: int) -> bytes:
    await _readable(fd)
    return os.read(fd, 100)


async def _until_nobody_writes(fd: int) -> None:
    while await _line(fd):
        pass
    os.close(fd)


async def _readable(fd: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(fd, readable.set)
    try:
        async with asyncio.timeout(30):
            await readable.wait()
    finally:
        loop.remove_reader(fd)
