"""What a client sees of what goes wrong, on either side."""

import asyncio
from pathlib import Path

import pytest

from adapters.messages import task_pb2
from adapters.task_service.namespace import METADATA_KEY
from adapters.ttrpc import Code, Status
from entrypoints.simulated.clockwork import Pace
from entrypoints.simulated.scenario import Scenario, chosen_faults
from tests.entrypoints.simulated.client import PATIENCE_SECONDS, SERVICE, Scene, ok, scene


def always(text: str, faults_end_s: float | None = None) -> Scenario:
    return Scenario(1, chosen_faults(text).unwrap(), faults_end_s=faults_end_s)


async def start_exec(here: Scene, word: str, exec_id: str) -> object:
    await here.client.exec(word, exec_id)
    return await here.client.ask("Start", id=word, exec_id=exec_id)


@pytest.mark.asyncio
async def test_a_fault_at_its_full_rate_strikes_each_time_in_the_engines_words(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, always("F104=1")) as here:
        for word in ("one", "two"):
            ok(await here.client.create(word), task_pb2.CreateTaskResponse)
            answer = await here.client.ask("Start", id=word)
            assert isinstance(answer, Status)
            assert answer.message.startswith("failed runc start: ")
        assert sum("fault       F104: " in line for line in here.story) == 2


@pytest.mark.asyncio
async def test_from_the_end_of_faults_on_nothing_goes_wrong(tmp_path: Path) -> None:
    async with scene(tmp_path, always("F83=1", faults_end_s=100.0)) as here:
        await here.client.run("web", "SIM_RUNS=forever")
        await here.client.run("clock", "SIM_RUNS=200s")
        assert isinstance(await start_exec(here, "web", "before"), Status)
        await here.client.wait("clock")
        assert not isinstance(await start_exec(here, "web", "after"), Status)


@pytest.mark.asyncio
async def test_a_client_that_gives_up_leaves_nothing_behind(tmp_path: Path) -> None:
    """runc hangs for its two minutes, and the client's deadline is sooner (F107, D47)."""
    async with scene(tmp_path, always("F107=1")) as here:
        client = await here.client.connected()
        bundle = str(here.client.make_bundle("web"))
        request = task_pb2.CreateTaskRequest(id="web", bundle=bundle).SerializeToString()
        metadata = ((METADATA_KEY, "default"),)
        answer = await client.call(SERVICE, "Create", request, 0.05, metadata)
        assert isinstance(answer, Status)
        assert answer.code == Code.DEADLINE_EXCEEDED
        machine = here.shim._around.machine
        async with asyncio.timeout(PATIENCE_SECONDS):
            while machine.systemd.units or machine.disk.records:  # noqa: ASYNC110 (nobody tells)
                await asyncio.sleep(0.01)
        assert here.topics("web") == []


@pytest.mark.asyncio
async def test_events_wait_for_a_containerd_that_is_away_and_keep_their_order(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        await here.events.go_away()
        await here.client.run("web", "SIM_EXIT=3")
        await here.client.delete("web")
        await here.events.come_back()
        assert await here.told("web", "delete") == ["create", "start", "exit", "delete"]


@pytest.mark.asyncio
async def test_a_lost_acknowledgement_is_an_event_told_twice(tmp_path: Path) -> None:
    """F11: containerd hears everything at least once."""
    scenario = Scenario(1, chosen_faults("F11=0.5").unwrap())
    # Time has to pass while the client waits for nothing but events.
    async with scene(tmp_path, scenario, Pace(speed=500.0, lump_s=0.01)) as here:
        for number in range(10):
            await here.client.run(f"web{number}", "SIM_EXIT=0")
            await here.client.delete(f"web{number}")
        told = [await here.told(f"web{number}", "delete") for number in range(10)]
        once = ["create", "start", "exit", "delete"]
        assert all(list(dict.fromkeys(topics)) == once for topics in told)
        assert any(len(topics) > len(once) for topics in told)
