"""The Terminals contract on the fake."""

import pytest

from domain.ports.streams import Terminals
from domain.request import Stdio
from sim.world.pipes import CLIENT, Pipes, Pty
from sim.world.terminals import FakeTerminals
from sim.world.world import World
from tests.contracts.terminals_contract import TerminalsContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, TerminalsContract):
    pipes: Pipes
    fake: FakeTerminals
    pty: Pty

    @pytest.fixture
    def terminals(self, world: World) -> Terminals:
        self.pipes = Pipes(world.scheduler, made_by_clients=False)
        self.fake = FakeTerminals(world, self.pipes)
        self.pty = Pty()
        return self.fake

    @pytest.fixture
    def stdio(self, terminals: Terminals) -> Stdio:  # noqa: ARG002 (they come with the pipes)
        for path in ("/in", "/out"):
            self.pipes.make(path)
        return Stdio("/in", "/out", terminal=True)

    async def settle(self) -> None:
        self.fake.copy()

    def client_opens(self, path: str) -> None:
        self.pipes.fifos[path].open_to_read(CLIENT)

    def client_reads(self, path: str) -> bytes:
        return self.pipes.fifos[path].read()

    def client_sees_end(self, path: str) -> bool:
        return self.pipes.fifos[path].is_at_end

    def client_writes(self, path: str, text: bytes) -> None:
        self.pipes.fifos[path].open_to_write(CLIENT)
        self.pipes.fifos[path].write(text)

    def client_leaves(self, path: str) -> None:
        self.pipes.fifos[path].close(CLIENT)

    def runc_connects(self, socket: str) -> None:
        self.pty.is_open = True
        assert self.pipes.connect(socket, self.pty)

    def runc_sends_nothing(self, socket: str) -> None:
        assert self.pipes.connect(socket, None)

    def program_writes(self, text: bytes) -> None:
        self.pty.output.extend(text)

    def program_reads(self) -> bytes:
        text = bytes(self.pty.input)
        self.pty.input.clear()
        return text

    def program_is_hung_up(self) -> bool:
        return self.pty.is_hung_up

    def program_sees_size(self) -> tuple[int, int]:
        return self.pty.size

    def program_ends(self) -> None:
        self.pty.is_open = False

    def program_opens_terminal_again(self) -> None:
        self.pty.is_open = True
