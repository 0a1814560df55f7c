"""`shimctl sim serve`, as a person or a CI job runs it."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.messages import task_pb2
from entrypoints.shimctl.main import shimctl
from entrypoints.simulated.launcher import MARK
from tests.entrypoints.simulated.client import TaskClient, ok

REPOSITORY = Path(__file__).parents[3]
PROGRAM = "from entrypoints.shimctl import main; main()"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(shimctl, ["sim", "serve", *arguments])


@contextlib.contextmanager
def served(path: Path, *options: str) -> "Iterator[subprocess.Popen[str]]":
    """The program itself; it is ended with the block."""
    command = (sys.executable, "-c", PROGRAM, "sim", "serve", "--socket", str(path), *options)
    with subprocess.Popen(
        command, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as program:
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == f"serving on {path}, seed 1\n"
            yield program
        finally:
            program.kill()


async def life(path: Path, folder: Path) -> int:
    client = TaskClient(str(path), folder)
    await client.run("web", "SIM_EXIT=3", "SIM_RUNS=2s")
    ended = await client.wait("web")
    await client.delete("web")
    client.close()
    return ended.exit_status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    path, launcher = tmp_path / "shim.sock", tmp_path / "containerd-shim-simulated-v1"
    with served(path, "--speed", "100", "--story", "--launcher", str(launcher)) as program:
        assert launcher.stat().st_mode & 0o777 == 0o755
        assert asyncio.run(life(path, tmp_path)) == 3
        program.send_signal(number)
        told, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert not path.exists()
    assert not launcher.exists()
    assert "hears TaskExited" in told
    assert told.endswith("ended; the shim has died 0 times\n")


def test_a_call_that_is_under_way_does_not_hold_up_the_end(tmp_path: Path) -> None:
    path = tmp_path / "shim.sock"

    async def waits(program: "subprocess.Popen[str]") -> None:
        client = TaskClient(str(path), tmp_path)
        await client.run("web")
        waiting = asyncio.create_task(client.ask("Wait", id="web"))
        ok(await client.ask("State", id="web"), task_pb2.StateResponse)
        program.terminate()
        await asyncio.wait([waiting])
        client.close()

    with served(path) as program:
        asyncio.run(waits(program))
        assert program.wait(60) == 0


def test_a_wrong_word_is_a_usage_error_with_the_right_ones(tmp_path: Path) -> None:
    path = str(tmp_path / "shim.sock")
    wrong = invoke("--socket", path, "--faults", "F94,F0")
    assert wrong.exit_code == 2
    assert "no fault is called 'F0'" in wrong.output
    assert "F101" in wrong.output
    assert invoke("--socket", path, "--faults", "F94=7").exit_code == 2
    assert invoke("--socket", path, "--speed", "0").exit_code == 2
    assert invoke("--socket", path, "--crashes", "-1").exit_code == 2
    assert invoke("--seed", "1").exit_code == 2
    long = invoke("--socket", str(tmp_path / ("x" * 100)))
    assert long.exit_code == 2
    assert "at most 107 bytes" in long.output


def test_a_place_that_cannot_be_is_told_in_plain_words(tmp_path: Path) -> None:
    nowhere = invoke("--socket", str(tmp_path / "no" / "shim.sock"))
    assert nowhere.exit_code == 1
    assert f"there is no folder {tmp_path / 'no'}" in nowhere.output
    path = tmp_path / "shim.sock"
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(path))
        left = invoke("--socket", str(path))
        assert left.exit_code == 1
        assert "exists already, and nobody serves there" in left.output
        taken.listen()
        busy = invoke("--socket", str(path))
        assert busy.exit_code == 1
        assert f"somebody serves on {path} already" in busy.output
    assert path.exists()


def test_a_launcher_that_is_somebody_elses_program_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / "containerd-shim-simulated-v1"
    theirs.write_text("#!/bin/sh\n")
    path = tmp_path / "shim.sock"
    refused = invoke("--socket", str(path), "--launcher", str(theirs))
    assert refused.exit_code == 1
    assert "is another program" in refused.output
    assert theirs.read_text() == "#!/bin/sh\n"
    assert not path.exists()


def test_a_launcher_that_an_earlier_one_has_left_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / "containerd-shim-simulated-v1"
    left.write_text(f"#!/bin/sh\n{MARK}\n")
    with served(tmp_path / "shim.sock", "--launcher", str(left)) as program:
        assert str(tmp_path / "shim.sock") in left.read_text()
        program.terminate()
        assert program.wait(60) == 0
    assert not left.exists()


def test_the_help_teaches() -> None:
    told = invoke("--help")
    assert told.exit_code == 0
    assert "--runtime io.containerd.simulated.v1" in told.output
    assert "SIM_EXIT=3" in told.output
