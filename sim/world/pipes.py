"""FIFOs and console sockets: who holds which end, and what is in between."""

from dataclasses import dataclass, field
from typing import Final

from domain.identity import ProcessKey
from sim.scheduler import Scheduler, SimLatch

SHIM: Final = "shim"
CLIENT: Final = "client"
PROGRAM: Final = "program"
# The shim's stand-in for a program that has not opened its end yet.
STAND_IN: Final = "stand-in"


class Pipe:
    """A FIFO. Its reader sees the end when nothing is left and nobody has it open for writing."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.data = bytearray()
        self.readers: dict[str, None] = {}
        self.writers: dict[str, None] = {}
        # What its client reads on its own as soon as it is there; None: it does not.
        self.followed: bytearray | None = None
        self.has_begun = False  # a program has opened it once
        self.moved = scheduler.latch()  # opens at the next change of its ends or its content

    def write(self, text: bytes) -> bool:
        """False: nobody reads (EPIPE)."""
        if not self.readers:
            return False
        (self.data if self.followed is None else self.followed).extend(text)
        return True

    def read(self) -> bytes:
        text = bytes(self.data)
        self.data.clear()
        self._change()
        return text

    def follow(self) -> None:
        self.open_to_read(CLIENT)
        self.followed = bytearray(self.read())

    @property
    def is_at_end(self) -> bool:
        return not self.data and not self.writers

    def open_to_read(self, who: str) -> None:
        self.readers[who] = None
        self._change()

    def open_to_write(self, who: str) -> None:
        self.writers[who] = None
        self._change()

    def close(self, who: str) -> None:
        self.readers.pop(who, None)
        self.writers.pop(who, None)
        self._change()

    def begin(self) -> None:
        """The program is there: nobody has to stand in for it."""
        self.has_begun = True
        self.close(STAND_IN)

    def _change(self) -> None:
        moved, self.moved = self.moved, self._scheduler.latch()
        moved.open()


@dataclass(slots=True)
class Pty:
    """A pseudo-terminal: the program's side of it."""

    output: bytearray = field(default_factory=bytearray)
    input: bytearray = field(default_factory=bytearray)
    size: tuple[int, int] = (0, 0)
    is_open: bool = False  # some process has it open
    is_hung_up: bool = False  # the master is gone


@dataclass(slots=True)
class Console:
    """A console socket that the shim listens on, until runc has sent a terminal's master."""

    came: SimLatch
    pty: Pty | None = None


@dataclass(slots=True)
class Pipes:
    """All FIFOs and console sockets of the machine.

    A simulated client makes its FIFOs and opens them before it asks for anything, so that one
    is there as soon as somebody looks; a test that plays the client itself makes them one by one.
    """

    scheduler: Scheduler
    made_by_clients: bool = True
    fifos: dict[str, Pipe] = field(default_factory=dict)
    consoles: dict[str, Console] = field(default_factory=dict)
    # Processes whose terminal never came.
    lost: list[tuple[ProcessKey, float]] = field(default_factory=list)
    # When the shim let go of a process's stdin, and which sizes a terminal was given.
    stdin_closed: list[tuple[ProcessKey, float]] = field(default_factory=list)
    resized: list[tuple[ProcessKey, tuple[int, int]]] = field(default_factory=list)
    # When it had waited for a process's output to be read.
    drained: list[tuple[ProcessKey, float]] = field(default_factory=list)
    _sockets: int = 0

    def new_socket(self) -> str:
        """A path that no console socket had before."""
        self._sockets += 1
        return f"/run/console/{self._sockets}"

    def find(self, path: str) -> Pipe | None:
        if path not in self.fifos and self.made_by_clients:
            self.make(path).open_to_read(CLIENT)
        return self.fifos.get(path)

    def make(self, path: str) -> Pipe:
        self.fifos[path] = Pipe(self.scheduler)
        return self.fifos[path]

    def close(self, path: str, who: str) -> None:
        """Whoever has it open, and if it is there any more: its client may be gone (F36)."""
        if path in self.fifos:
            self.fifos[path].close(who)

    def listen(self, path: str) -> Console:
        self.consoles[path] = Console(self.scheduler.latch())
        return self.consoles[path]

    def connect(self, path: str, pty: Pty | None) -> bool:
        """What runc does, with a master or without; False: nobody listens there."""
        console = self.consoles.get(path)
        if console is None:
            return False
        console.pty = pty
        console.came.open()
        return True
