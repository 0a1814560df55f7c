"""What a client sees of a simulated shim that nothing goes wrong with."""

import asyncio
import os
from pathlib import Path

import pytest

from adapters.messages import process_pb2, task_pb2
from adapters.ttrpc import Code, Status
from tests.adapters.stdio.players import open_descriptors
from tests.entrypoints.simulated.client import Fifos, TaskClient, ok, scene

SIGTERM, SIGKILL = 15, 9
# include/linux/threads.h: no configuration of Linux goes beyond it.
PID_MAX_LIMIT = 4_194_304


def code(answer: object) -> int:
    assert isinstance(answer, Status), answer
    return answer.code


@pytest.mark.asyncio
async def test_a_container_lives_as_its_environment_says_and_containerd_is_told(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        pid = await here.client.run("web", "SIM_EXIT=3", "SIM_RUNS=2s")
        ended = await here.client.wait("web")
        departed = await here.client.delete("web")
        assert (ended.exit_status, departed.exit_status, departed.pid) == (3, 3, pid)
        assert ended.exited_at == departed.exited_at
        assert await here.told("web", "delete") == ["create", "start", "exit", "delete"]
        assert code(await here.client.ask("State", id="web")) == Code.NOT_FOUND


@pytest.mark.asyncio
async def test_an_id_can_be_used_again_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        for status in range(5):
            await here.client.run("web", f"SIM_EXIT={status}")
            assert (await here.client.wait("web")).exit_status == status
            await here.client.delete("web")


@pytest.mark.asyncio
async def test_what_the_program_says_comes_through_the_clients_fifos_with_an_end(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        stdio = Fifos.made(tmp_path / "web")
        out, err = stdio.read(stdio.stdout), stdio.read(stdio.stderr)
        await here.client.run(
            "web",
            "SIM_OUTPUT=hello",
            "SIM_ERRORS=oh no",
            stdio=Fifos("", stdio.stdout, stdio.stderr),
        )
        assert (await out, await err) == (b"hello\n", b"oh no\n")
        await here.client.delete("web")


@pytest.mark.asyncio
async def test_output_has_no_end_before_the_program_has(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        stdio = Fifos.made(tmp_path / "web")
        out = stdio.read(stdio.stdout)
        await here.client.run("web", stdio=Fifos(stdout=stdio.stdout))
        await here.client.ask("State", id="web")
        assert not out.done()
        await here.client.ask("Kill", id="web", signal=SIGKILL)
        assert await out == b""
        assert (await here.client.wait("web")).exit_status == 128 + SIGKILL


@pytest.mark.asyncio
async def test_more_output_than_a_pipe_holds_arrives_whole(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        stdio = Fifos.made(tmp_path / "web")
        text = "x" * 1_000_000
        end = os.open(stdio.stdout, os.O_RDONLY | os.O_NONBLOCK)
        await here.client.run("web", f"SIM_OUTPUT={text}", stdio=Fifos(stdout=stdio.stdout))
        os.close(os.open(stdio.stdout, os.O_RDONLY | os.O_NONBLOCK))  # another reader, gone
        out = stdio.read(stdio.stdout)
        os.close(end)
        assert await out == f"{text}\n".encode()


@pytest.mark.asyncio
async def test_a_program_may_read_its_input_to_the_end_and_say_it_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        stdio = Fifos.made(tmp_path / "web")
        out = stdio.read(stdio.stdout)
        await here.client.run(
            "web",
            "SIM_RUNS=input",
            "SIM_ECHO=1",
            "SIM_EXIT=4",
            stdio=Fifos(stdio.stdin, stdio.stdout),
        )
        with stdio.typing() as typed:
            typed.write(b"one\ntwo\n")
        # The shim's own end keeps the input open until it is told (T227).
        ok(await here.client.ask("CloseIO", id="web", stdin=True), task_pb2.WaitResponse)
        assert await out == b"one\ntwo\n"
        assert (await here.client.wait("web")).exit_status == 4


@pytest.mark.asyncio
async def test_without_a_standard_input_a_program_that_reads_it_ends_at_once(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        await here.client.run("web", "SIM_RUNS=input", "SIM_EXIT=4")
        assert (await here.client.wait("web")).exit_status == 4


@pytest.mark.asyncio
async def test_a_terminal_has_its_output_on_one_fifo_with_its_own_ends_of_lines(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        stdio = Fifos.made(tmp_path / "web")
        out = stdio.read(stdio.stdout)
        said = ("SIM_OUTPUT=hello", "SIM_ERRORS=there", "SIM_EXIT=0")
        bundle = here.client.make_bundle("web", said)
        created = await here.client.ask(
            "Create", id="web", bundle=str(bundle), stdout=stdio.stdout, terminal=True
        )
        ok(created, task_pb2.CreateTaskResponse)
        await here.client.ask("ResizePty", id="web", width=80, height=25)
        await here.client.ask("Start", id="web")
        assert await out == b"hello\r\nthere\r\n"
        await here.client.delete("web")


@pytest.mark.asyncio
async def test_execs_have_words_and_streams_of_their_own(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.client.run("web")
        stdio = Fifos.made(tmp_path / "probe")
        out = stdio.read(stdio.stdout)
        said = ("SIM_EXIT=9", "SIM_EXEC_EXIT=5", "SIM_EXEC_OUTPUT=checked")
        ok(
            await here.client.exec("web", "probe", *said, stdio=Fifos(stdout=stdio.stdout)),
            task_pb2.WaitResponse,
        )
        ok(await here.client.ask("Start", id="web", exec_id="probe"), task_pb2.StartResponse)
        assert (await here.client.wait("web", "probe")).exit_status == 5
        assert await out == b"checked\n"
        await here.client.delete("web", "probe")
        told = await here.told("web", "exit:probe")
        assert told == ["create", "start", "exec-added:probe", "exec-started:probe", "exit:probe"]


@pytest.mark.asyncio
async def test_signals_and_the_freezer_do_what_they_do(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.client.run("web", "SIM_TERM=7")
        await here.client.ask("Pause", id="web")
        state = ok(await here.client.ask("State", id="web"), task_pb2.StateResponse)
        assert state.status == process_pb2.PAUSED
        await here.client.ask("Resume", id="web")
        await here.client.ask("Kill", id="web", signal=SIGTERM)
        assert (await here.client.wait("web")).exit_status == 7


@pytest.mark.asyncio
async def test_a_wait_that_began_before_the_start_hears_of_the_end(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        ok(await here.client.create("web", "SIM_EXIT=6"), task_pb2.CreateTaskResponse)
        waiting = asyncio.create_task(here.client.wait("web"))
        await here.client.ask("Start", id="web")
        assert (await waiting).exit_status == 6


@pytest.mark.asyncio
async def test_a_program_that_is_missing_fails_the_create_in_runcs_words(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        answer = await here.client.create("web", "SIM_MISSING=1")
        assert isinstance(answer, Status)
        assert answer.message.startswith("OCI runtime create failed: ")
        assert "executable file not found in $PATH" in answer.message
        assert here.topics("web") == []


@pytest.mark.asyncio
async def test_a_word_that_means_nothing_is_refused_with_those_that_do(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        answer = await here.client.create("web", "SIM_EXITS=3")
        assert isinstance(answer, Status)
        assert answer.code == Code.INVALID_ARGUMENT
        assert "SIM_EXITS means nothing" in answer.message
        assert "SIM_EXIT," in answer.message


@pytest.mark.asyncio
async def test_a_bundle_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        nowhere = await here.client.ask("Create", id="web", bundle=str(tmp_path / "nowhere"))
        assert code(nowhere) == Code.INVALID_ARGUMENT
        bundle = here.client.make_bundle("web", process=[])
        misshapen = await here.client.ask("Create", id="web", bundle=str(bundle))
        assert code(misshapen) == Code.INVALID_ARGUMENT


@pytest.mark.asyncio
async def test_a_fifo_that_is_missing_fails_the_create(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        answer = await here.client.create("web", stdio=Fifos(stdout=str(tmp_path / "nowhere")))
        assert isinstance(answer, Status)
        assert "No such file" in answer.message


@pytest.mark.asyncio
async def test_a_second_create_of_an_id_does_not_touch_the_first_ones_bundle(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        await here.client.run("web", "SIM_RUNS=10s", "SIM_EXIT=1")
        assert code(await here.client.create("web", "SIM_EXIT=2")) == Code.ALREADY_EXISTS
        assert (await here.client.wait("web")).exit_status == 1
        await here.client.delete("web")


@pytest.mark.asyncio
async def test_a_client_that_names_no_namespace_has_that_of_the_socket(tmp_path: Path) -> None:
    request = task_pb2.StateRequest(id="web")
    async with scene(tmp_path) as here:
        answer = await here.client.ask_in("", "State", request)
        assert code(answer) == Code.FAILED_PRECONDITION
    async with scene(tmp_path, namespace="k8s.io") as here:
        assert code(await here.client.ask_in("", "State", request)) == Code.NOT_FOUND


@pytest.mark.asyncio
async def test_two_hundred_containers_may_run_at_once(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        words = [f"web{number}" for number in range(200)]
        pids = [await here.client.run(word) for word in words]
        assert len(set(pids)) == 200
        for word in words:
            await here.client.ask("Kill", id=word, signal=SIGKILL)
            assert (await here.client.delete(word)).exit_status == 128 + SIGKILL


@pytest.mark.asyncio
async def test_no_pid_is_one_that_a_process_of_this_machine_can_have(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        pid = await here.client.run("web")
        assert pid > PID_MAX_LIMIT


@pytest.mark.asyncio
async def test_a_client_that_leaves_harms_nobody(tmp_path: Path) -> None:
    async with scene(tmp_path) as here:
        await here.client.run("web", "SIM_RUNS=100s", "SIM_EXIT=8")
        other = TaskClient(here.client.socket, tmp_path)
        waiting = asyncio.create_task(other.ask("Wait", id="web"))
        await other.ask("State", id="web")
        waiting.cancel()
        other.close()
        assert (await here.client.wait("web")).exit_status == 8


@pytest.mark.asyncio
async def test_the_end_removes_the_socket_and_leaves_no_descriptor(tmp_path: Path) -> None:
    before = open_descriptors()
    async with scene(tmp_path) as here:
        stdio = Fifos.made(tmp_path / "web")
        out = stdio.read(stdio.stdout)
        await here.client.run("web", stdio=Fifos(stdio.stdin, stdio.stdout))
    assert await out == b""
    assert not (tmp_path / "shim.sock").exists()
    assert open_descriptors() == before
