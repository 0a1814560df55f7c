"""What containerd runs in front of a simulated shim."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from adapters.disk import start_note
from adapters.messages import bootstrap_pb2, task_pb2
from adapters.ttrpc import Status
from entrypoints.simulated import launcher
from entrypoints.simulated.clockwork import Pace
from entrypoints.simulated.scenario import Scenario
from tests.entrypoints.simulated.client import Scene, scene

SIGKILL = 9
AS_THE_CLOCK = Pace()


async def run(
    here: Scene, bundle: Path, *words: str, data: bytes = b"", socket: str = ""
) -> tuple[int | None, bytes, bytes]:
    """The launcher as a file, as containerd runs it: in the bundle."""
    program = bundle.parent / launcher.BINARY
    program.write_text(launcher.text(socket or here.client.socket))
    program.chmod(0o755)
    started = await asyncio.create_subprocess_exec(
        *(str(program), "-namespace", "default", "-address", "/run/containerd.sock"),
        *("-id", "web", "-bundle", str(bundle), *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TTRPC_ADDRESS": "/run/events.sock"},
    )
    out, err = await started.communicate(data)
    return started.returncode, out, err


@pytest.mark.asyncio
async def test_start_says_where_it_is_served_and_leaves_a_note_for_the_events(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        bundle = here.client.make_bundle("web")
        address = f"unix://{here.client.socket}".encode()
        assert await run(here, bundle, "start") == (0, address, b"")
        note = await start_note.read(str(bundle))
        assert note.ttrpc_address == "/run/events.sock"


@pytest.mark.asyncio
async def test_a_newer_containerd_is_answered_in_its_own_form(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        bundle = here.client.make_bundle("web")
        params = bootstrap_pb2.BootstrapParams(
            instance_id="web", namespace="default", containerd_ttrpc_address="/run/other.sock"
        )
        status, out, _ = await run(here, bundle, "start", data=params.SerializeToString())
        answer = bootstrap_pb2.BootstrapResult.FromString(out)
        assert (status, answer.address) == (0, f"unix://{here.client.socket}")
        assert (await start_note.read(str(bundle))).ttrpc_address == "/run/other.sock"


@pytest.mark.asyncio
async def test_start_fails_where_nobody_serves(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        bundle = here.client.make_bundle("web")
        status, out, err = await run(here, bundle, "start", socket=str(tmp_path / "nobody"))
        assert (status, out) == (1, b"")
        assert b"is `shimctl sim serve` running?" in err


@pytest.mark.asyncio
@pytest.mark.parametrize("action", ["start", "delete"])
async def test_a_shim_that_has_died_is_waited_for(tmp_path: Path, action: str) -> None:
    async with scene(tmp_path, Scenario(seed=2, crashes=1), AS_THE_CLOCK) as here:
        await here.client.run("web")
        await here.client.until_it_dies("web")
        assert here.shim.crashes == 0  # the next one does not serve yet
        status, _, err = await run(here, here.client.make_bundle("web"), action)
        assert (status, err, here.shim.crashes) == (0, b"", 1)


@pytest.mark.asyncio
async def test_delete_ends_a_container_that_still_runs(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        pid = await here.client.run("web")
        status, out, _ = await run(here, here.client.make_bundle("web"), "delete")
        ended = task_pb2.DeleteResponse.FromString(out)
        assert (status, ended.pid, ended.exit_status) == (0, pid, 128 + SIGKILL)
        assert isinstance(await here.client.ask("State", id="web"), Status)


@pytest.mark.asyncio
async def test_delete_answers_for_a_container_that_nobody_knows_any_more(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        bundle = here.client.make_bundle("web")
        status, out, err = await run(here, bundle, "delete", socket=str(tmp_path / "nobody"))
        ended = task_pb2.DeleteResponse.FromString(out)
        assert (status, ended.pid, ended.exit_status) == (0, 0, 137)
        assert err != b""


@pytest.mark.asyncio
async def test_what_is_no_action_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        bundle = here.client.make_bundle("web")
        assert (await run(here, bundle, "dance"))[0] == 2
        status, out, _ = await run(here, bundle, "-v")
        assert (status, out.split()[0]) == (0, b"containerd-shim-simulated-v1:")


def test_the_launcher_runs_this_python() -> None:
    assert sys.executable in launcher.text("/run/x.sock")
