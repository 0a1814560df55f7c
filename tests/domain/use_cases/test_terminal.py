"""ResizePty and CloseIO (R124, T227, T228)."""

from dataclasses import replace
from typing import Final

import pytest
from returns.result import Failure, Result, Success

from domain.identity import ProcessKey
from domain.lifecycle import Phase
from domain.limits import Seconds
from domain.ports.log import Level
from domain.refusal import Operation, StdioFailed, UnknownContainer, UnknownExec, WrongPhase
from domain.use_cases.terminal import close_stdin, resize
from sim.faults import At, Does
from sim.world.kernel import Program
from sim.world.pipes import Pipes
from sim.world.terminals import FakeTerminals
from sim.world.world import World
from tests.domain.client import EXEC, INIT, STAYS, asked, refused
from tests.domain.operator import listening
from tests.domain.scene import Scene

NO_TERMINAL: Final = StdioFailed("no terminal")


def with_terminals(scene: Scene, program: Program = STAYS) -> None:
    """A container and an exec that both have one."""
    with_an_exec_that_waits(scene, program)
    scene.start(EXEC).unwrap()


def with_an_exec_that_waits(scene: Scene, program: Program = STAYS) -> None:
    """For its start, and so for its terminal; the container has its own."""
    scene.bundle()
    scene.create(asked(terminal=True)).unwrap()
    scene.start().unwrap()
    scene.add_exec(program, terminal=True).unwrap()


def size(scene: Scene, key: ProcessKey) -> tuple[int, int] | None:
    return scene.serving.terminals.held[key].size


def test_what_is_unknown_is_not_found(scene: Scene) -> None:
    assert scene.ask(resize(scene.shim, INIT, 80, 25)) == Failure(UnknownContainer("web"))
    assert scene.ask(close_stdin(scene.shim, INIT)) == Failure(UnknownContainer("web"))
    scene.created()
    assert scene.ask(resize(scene.shim, EXEC, 80, 25)) == Failure(UnknownExec("sh"))
    assert scene.ask(close_stdin(scene.shim, EXEC)) == Failure(UnknownExec("sh"))


def test_a_terminal_gets_its_size(scene: Scene) -> None:
    with_terminals(scene)
    assert scene.ask(resize(scene.shim, INIT, 80, 25)) == Success(None)
    assert scene.ask(resize(scene.shim, EXEC, 132, 50)) == Success(None)
    assert size(scene, INIT) == (80, 25)
    assert size(scene, EXEC) == (132, 50)


class Noting(FakeTerminals):
    """Terminals that say which of them were drained."""

    def __init__(self, world: World, pipes: Pipes) -> None:
        super().__init__(world, pipes)
        self.drained: list[ProcessKey] = []

    async def drain(self, process: ProcessKey, within: Seconds) -> None:
        self.drained.append(process)
        await super().drain(process, within)


def test_a_terminal_is_drained_at_the_exit_for_its_client_waits_for_its_end(scene: Scene) -> None:
    terminals = Noting(scene.world, scene.machine.pipes)
    scene.shim.ports = replace(scene.shim.ports, terminals=terminals)
    with_terminals(scene)
    scene.kill(EXEC).unwrap()
    scene.wait(EXEC).unwrap()
    scene.pass_time()
    assert terminals.drained == [EXEC]
    scene.kill().unwrap()
    scene.wait().unwrap()
    scene.pass_time()
    assert terminals.drained == [EXEC, INIT]


def test_r124_without_a_terminal_a_resize_succeeds_and_does_nothing(scene: Scene) -> None:
    scene.with_exec()
    for key in (INIT, EXEC):
        assert scene.ask(resize(scene.shim, key, 80, 25)) == Success(None)
    assert At.CONSOLE not in scene.script.calls


def test_an_exec_that_has_exited_cannot_be_resized(scene: Scene) -> None:
    with_terminals(scene, Program(exits=0))
    scene.wait(EXEC).unwrap()
    assert refused(scene.ask(resize(scene.shim, EXEC, 80, 25))) == WrongPhase(
        Operation.RESIZE, Phase.EXITED
    )


def test_a_resize_of_an_init_that_has_exited_succeeds_and_does_nothing(scene: Scene) -> None:
    with_terminals(scene)
    scene.kill().unwrap()
    scene.wait().unwrap()
    assert scene.ask(resize(scene.shim, INIT, 80, 25)) == Success(None)
    assert size(scene, INIT) != (80, 25)


def test_t228_closing_stdin_is_repeatable_and_succeeds_without_one(scene: Scene) -> None:
    scene.with_exec()
    for key in (INIT, INIT, EXEC):
        assert scene.ask(close_stdin(scene.shim, key)) == Success(None)


def test_t227_closing_stdin_closes_the_process_s_own(scene: Scene) -> None:
    with_terminals(scene)
    scene.ask(close_stdin(scene.shim, EXEC)).unwrap()
    held = scene.serving.terminals.held
    assert (held[INIT].stdin_closed, held[EXEC].stdin_closed) == (False, True)


def test_stdin_that_is_closed_before_its_exec_begins_is_closed_when_the_program_has_it(
    scene: Scene,
) -> None:
    """Our end must be there when systemd opens the FIFO: a client of /dev/null is that fast."""
    with_an_exec_that_waits(scene)
    assert scene.ask(close_stdin(scene.shim, EXEC)) == Success(None)
    scene.start(EXEC).unwrap()
    assert scene.serving.terminals.held[EXEC].stdin_closed


def test_stdin_that_is_closed_before_a_restore_is_closed_after_it(scene: Scene) -> None:
    """Found by S38: it was opened by the Start, and stayed open."""
    scene.bundle()
    scene.create(asked(checkpoint="/ckpt")).unwrap()
    assert scene.ask(close_stdin(scene.shim, INIT)) == Success(None)
    assert scene.machine.pipes.stdin_closed == []
    scene.start().unwrap()
    assert [key for key, _ in scene.machine.pipes.stdin_closed] == [INIT]


def test_a_size_that_is_asked_for_before_the_start_is_the_terminal_s_from_its_beginning(
    scene: Scene,
) -> None:
    """An exec, and what is to be restored, has no terminal before (S36: it was refused)."""
    with_an_exec_that_waits(scene)
    assert scene.ask(resize(scene.shim, EXEC, 132, 43)) == Success(None)
    scene.start(EXEC).unwrap()
    console = scene.serving.terminals.held[EXEC].console
    assert console.pty is not None
    assert console.pty.size == (132, 43)


def test_a_terminal_without_the_size_asked_for_is_said(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_an_exec_that_waits(scene)
    scene.ask(resize(scene.shim, EXEC, 132, 43)).unwrap()
    heard = listening(scene)

    async def refuses(*_: object) -> Result[None, StdioFailed]:
        return Failure(NO_TERMINAL)

    monkeypatch.setattr(scene.serving.terminals, "resize", refuses)
    scene.start(EXEC).unwrap()
    said = f"its terminal has not the size asked for: {NO_TERMINAL}"
    assert heard.warnings == [(Level.WARNING, EXEC, said)]


def test_a_terminal_that_is_not_there_is_given_no_size(scene: Scene) -> None:
    with_an_exec_that_waits(scene)
    scene.ask(resize(scene.shim, EXEC, 132, 43)).unwrap()
    heard = listening(scene)
    scene.at(At.STDIO, Does.FAILS_BEFORE)
    refused(scene.start(EXEC))
    assert heard.warnings == []
