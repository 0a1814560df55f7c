"""The same seed and the same calls, one after the other, get the same answers."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.messages import task_pb2
from adapters.ttrpc import ConnectionLost, Result, Status
from entrypoints.simulated.scenario import Scenario, chosen_faults
from sim.faults import CATALOGUE
from tests.entrypoints.simulated.client import Scene, TaskClient, scene

_PID = re.compile(r"pid: \d+")
SIGKILL = 9
ROUNDS = 6


async def script(client: TaskClient) -> AsyncIterator[tuple[str, Result]]:
    """One call after the other, whatever comes of them; the same ids again and again."""
    for number in range(ROUNDS):
        word = f"web{number % 2}"
        yield "create", await client.create(word, "SIM_EXIT=3", "SIM_RUNS=30s")
        yield "start", await client.ask("Start", id=word)
        yield "exec", await client.exec(word, "probe", "SIM_EXEC_EXIT=5")
        yield "start exec", await client.ask("Start", id=word, exec_id="probe")
        yield "state exec", await client.ask("State", id=word, exec_id="probe")
        yield "delete exec", await client.ask("Delete", id=word, exec_id="probe")
        yield "pause", await client.ask("Pause", id=word)
        yield "resume", await client.ask("Resume", id=word)
        yield "pids", await client.ask("Pids", id=word)
        if number % 3:
            yield "kill", await client.ask("Kill", id=word, signal=SIGKILL, all=True)
        yield "state", await client.ask("State", id=word)
        yield "delete", await client.ask("Delete", id=word)


async def answers(folder: Path, scenario: Scenario) -> tuple[list[tuple[str, Result]], Scene]:
    async with scene(folder, scenario) as here:
        # The paths of both servers' bundles are in no answer that is looked at here.
        return [_plain(what, result) async for what, result in script(here.client)], here


def _plain(what: str, result: Result) -> tuple[str, Result]:
    if what.startswith("state") and not isinstance(result, Status):
        state = task_pb2.StateResponse.FromString(result)
        state.bundle = ""
        return what, state.SerializeToString()
    return what, result


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(4))
async def test_two_servers_answer_one_script_alike_with_all_faults_on(
    tmp_path: Path, seed: int
) -> None:
    scenario = Scenario(seed, CATALOGUE)
    (first, there), (second, _) = await asyncio.gather(
        answers(tmp_path / "one", scenario), answers(tmp_path / "two", scenario)
    )
    assert first == second
    # And something did go wrong, for the client to see.
    assert any(isinstance(result, Status) for _, result in first)
    assert [line for line in there.story if " fault " in line] != []


@pytest.mark.asyncio
async def test_another_seed_fails_in_other_ways(tmp_path: Path) -> None:
    seen = Counter[str]()
    for seed in range(5):
        told, _ = await answers(tmp_path / str(seed), Scenario(seed, CATALOGUE))
        seen[str(told)] += 1
    assert len(seen) == 5


@pytest.mark.asyncio
async def test_what_another_client_does_meanwhile_moves_no_fault_of_a_container(
    tmp_path: Path,
) -> None:
    """Everybody draws from a row of his own, so a test may run beside others."""
    scenario = Scenario(3, chosen_faults("F101,F104,F94").unwrap())
    alone, _ = await answers(tmp_path / "alone", scenario)
    async with scene(tmp_path / "crowd", scenario) as here:
        other = TaskClient(here.client.socket, tmp_path / "other")
        meddling = asyncio.create_task(_meddle(other))
        crowd = [_plain(what, result) async for what, result in script(here.client)]
        meddling.cancel()
        await asyncio.wait([meddling])
        other.close()
    assert _outcomes(crowd) == _outcomes(alone)


def _outcomes(told: list[tuple[str, Result]]) -> list[tuple[str, str]]:
    """Without pids and times, which others take their part of."""
    return [
        (what, _PID.sub("", f"{result}") if isinstance(result, Status) else "")
        for what, result in told
    ]


async def _meddle(client: TaskClient) -> None:
    while True:
        await client.create("other", "SIM_EXIT=0")
        await client.ask("Start", id="other")
        await client.ask("Delete", id="other")


@pytest.mark.asyncio
async def test_crashes_come_at_the_same_calls(tmp_path: Path) -> None:
    scenario = Scenario(seed=5, crashes=3)

    async def play(folder: Path) -> tuple[list[str], int]:
        async with scene(folder, scenario) as here:
            return [outcome async for outcome in _through_crashes(here.client)], here.shim.crashes

    first, second = await asyncio.gather(play(tmp_path / "one"), play(tmp_path / "two"))
    assert first == second
    assert first[1] == 3
    assert first[0].count("lost") >= 1


async def _through_crashes(client: TaskClient) -> AsyncIterator[str]:
    for number in range(40):
        word = f"web{number}"
        bundle = str(client.make_bundle(word, ("SIM_EXIT=3",)))
        for method, fields in (
            ("Create", {"bundle": bundle}),
            ("Start", {}),
            ("Wait", {}),
            ("Delete", {}),
        ):
            try:
                answer = await client.ask(method, id=word, **fields)
            except ConnectionLost:
                yield "lost"
            else:
                yield f"{method} {answer.code}" if isinstance(answer, Status) else method
