"""The Fifos contract on the fake."""

import pytest

from domain.ports.streams import Fifos
from domain.request import Stdio
from sim.world.pipes import CLIENT, PROGRAM, Pipes
from sim.world.streams import FakeFifos
from sim.world.world import World
from tests.contracts.fifos_contract import FifosContract
from tests.sim.driving import InAWorld


class TestTheFake(InAWorld, FifosContract):
    pipes: Pipes
    begun: Stdio

    @pytest.fixture
    def fifos(self, world: World) -> Fifos:
        self.pipes = Pipes(world.scheduler, made_by_clients=False)
        return FakeFifos(world, self.pipes)

    @pytest.fixture
    def stdio(self, fifos: Fifos) -> Stdio:  # noqa: ARG002 (they come with the pipes)
        for path in ("/in", "/out", "/err"):
            self.pipes.make(path)
        return Stdio("/in", "/out", "/err")

    async def settle(self) -> None:
        """Nothing has to be noticed: here it happens at once."""

    def client_opens(self, path: str) -> None:
        self.pipes.fifos[path].open_to_read(CLIENT)

    def client_reads(self, path: str) -> bytes:
        return self.pipes.fifos[path].read()

    def client_sees_end(self, path: str) -> bool:
        return self.pipes.fifos[path].is_at_end

    def client_leaves(self, path: str) -> None:
        self.pipes.fifos[path].close(CLIENT)

    def client_follows(self, path: str) -> None:
        self.pipes.fifos[path].follow()

    def client_has_followed(self, path: str) -> bytes:
        followed = self.pipes.fifos[path].followed
        assert followed is not None
        return bytes(followed)

    def client_writes(self, path: str, text: bytes) -> None:
        self.pipes.fifos[path].open_to_write(CLIENT)
        assert self.pipes.fifos[path].write(text)

    def program_begins(self, stdio: Stdio) -> None:
        self.begun = stdio
        for path in (stdio.stdout, stdio.stderr):
            if path:
                self.pipes.fifos[path].open_to_write(PROGRAM)
                self.pipes.fifos[path].begin()
        if stdio.stdin:
            assert self.pipes.fifos[stdio.stdin].writers, "its open waits for a writer"
            self.pipes.fifos[stdio.stdin].open_to_read(PROGRAM)
            self.pipes.fifos[stdio.stdin].begin()

    def program_writes(self, path: str, text: bytes) -> bool:
        return self.pipes.fifos[path].write(text)

    def program_reads(self) -> bytes:
        return self.pipes.fifos["/in"].read()

    def program_sees_end(self) -> bool:
        return self.pipes.fifos["/in"].is_at_end

    def program_ends(self) -> None:
        for path in (self.begun.stdin, self.begun.stdout, self.begun.stderr):
            if path:
                self.pipes.fifos[path].close(PROGRAM)
