"""A simulated shim that dies: connections end, the next one knows what the last one did."""

import asyncio
from pathlib import Path

import pytest

from adapters.messages import task_pb2
from entrypoints.simulated.life import Life
from entrypoints.simulated.scenario import Scenario
from tests.adapters.stdio.players import open_descriptors
from tests.entrypoints.simulated.client import Fifos, ok, scene

SIGKILL = 9


@pytest.mark.asyncio
async def test_the_next_shim_has_the_containers_of_the_dead_one(tmp_path: Path) -> None:
    async with scene(tmp_path, Scenario(seed=2, crashes=1)) as here:
        pid = await here.client.run("web", "SIM_RUNS=forever")
        await here.client.until_it_dies("web")
        state = ok(await here.client.ask("State", id="web"), task_pb2.StateResponse)
        assert (state.pid, here.shim.crashes) == (pid, 1)
        await here.client.ask("Kill", id="web", signal=SIGKILL)
        assert (await here.client.wait("web")).exit_status == 128 + SIGKILL
        await here.client.delete("web")
        told = await here.told("web", "delete")
        # At least once each: an acknowledgement may have died with the shim.
        assert list(dict.fromkeys(told)) == ["create", "start", "exit", "delete"]


@pytest.mark.asyncio
async def test_an_exit_while_nobody_serves_is_told_by_the_next_shim(tmp_path: Path) -> None:
    async with scene(tmp_path, Scenario(seed=2, crashes=1)) as here:
        await here.client.run("web", "SIM_RUNS=60s", "SIM_EXIT=3")
        await here.client.until_it_dies("web")
        assert (await here.client.wait("web")).exit_status == 3
        assert "exit" in await here.told("web", "exit")


@pytest.mark.asyncio
async def test_a_programs_output_goes_on_through_a_crash_and_ends_with_it_alone(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, Scenario(seed=2, crashes=1)) as here:
        stdio = Fifos.made(tmp_path / "web")
        out = stdio.read(stdio.stdout)
        with stdio.typing() as typed:
            await here.client.run(
                "web", "SIM_RUNS=input", "SIM_ECHO=1", stdio=Fifos(stdio.stdin, stdio.stdout)
            )
            typed.write(b"before\n")
            await here.client.until_it_dies("web")
            assert not out.done()
            ok(await here.client.ask("State", id="web"), task_pb2.StateResponse)
            typed.write(b"after\n")
        await here.client.ask("CloseIO", id="web", stdin=True)
        assert await out == b"before\nafter\n"
        await here.client.delete("web")


@pytest.mark.asyncio
async def test_the_end_may_come_while_nobody_serves(tmp_path: Path) -> None:
    before = open_descriptors()
    async with scene(tmp_path, Scenario(seed=2, crashes=1)) as here:
        await here.client.run("web", "SIM_RUNS=forever")
        await here.client.until_it_dies("web")
    assert open_descriptors() == before
    assert not (tmp_path / "shim.sock").exists()


@pytest.mark.asyncio
async def test_the_socket_of_a_life_that_never_served_is_closed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was left to the garbage where the end came before the life was ready."""
    monkeypatch.setattr(Life, "serve", lambda *_: None)
    before = open_descriptors()
    async with scene(tmp_path):
        await asyncio.sleep(0)
    assert open_descriptors() == before
