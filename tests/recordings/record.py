#!/usr/bin/python3
"""A tap between containerd and runc's own shim, which writes down all that either says.

Put on a machine as `/usr/local/bin/containerd-shim-runc-v2` it stands before the real one in PATH,
so that containerd and `ctr` behave as they always do. It calls the real binary for every action
and gives it both sockets of a shim through a relay: the one that containerd calls tasks on, and
the one of containerd's event service.

Each line of the log is one JSON object: a `Command` (how the binary was called and what it
answered) or a `Chunk` (bytes as they passed). Times are nanoseconds of the monotonic clock.

To repeat a recording, on a machine of each generation that has containerd, runc and an image named
docker.io/library/busybox:latest, as root and with nothing else running there:

    install -m 755 record.py /usr/local/bin/containerd-shim-runc-v2
    install -m 755 record.py /usr/local/bin/containerd-shim-record-v1
    systemctl restart containerd    # 2.x has looked the binary up already when it started
    python3 drive.py                # fills /var/lib/shim-recording/log

and then, where the project is, with each machine's log:

    python -m tests.recordings.collect LOG tests/recordings/bookworm

Standard library only: the machines that are recorded have nothing else.
"""

import hashlib
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

REAL_SHIM: Final = "/usr/bin/containerd-shim-runc-v2"
FOLDER: Final = Path("/var/lib/shim-recording")
LOG: Final = FOLDER / "log"
SOCKETS: Final = Path("/run/shim-recording")
# What is still in the relays' sockets when the shim has ended is there already; this bounds a bug.
DRAIN_SECONDS: Final = 5.0

Link = Literal["task", "events"]
Speaker = Literal["containerd", "shim"]


@dataclass(frozen=True, slots=True)
class Command:
    """One call of the shim's binary. `environment` holds what containerd adds to its own."""

    at: int
    namespace: str
    id: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    stdin: str | None  # hex; nothing where it is no pipe
    stdout: str  # hex, as the real shim said it
    stderr: str
    status: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes that passed in one read; `end` says that the speaker closed the connection."""

    at: int
    namespace: str
    id: str
    link: Link
    connection: int
    speaker: Speaker
    bytes: str  # hex
    end: bool


def write_down(line: Command | Chunk) -> None:
    # One write(2) with O_APPEND: several taps share the file without a lock.
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    text = json.dumps({"kind": type(line).__name__} | asdict(line)) + "\n"
    log = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.write(log, text.encode())
    finally:
        os.close(log)


def flag(arguments: list[str], name: str) -> str:
    """The word after `-name`, or nothing."""
    try:
        return arguments[arguments.index(name) + 1]
    except (ValueError, IndexError):
        return ""


def added_environment() -> dict[str, str]:
    """What containerd, our parent, sets beside what it has itself."""
    words = Path(f"/proc/{os.getppid()}/environ").read_bytes().decode().split("\0")
    own = dict(word.split("=", 1) for word in words if "=" in word)
    return {key: value for key, value in os.environ.items() if own.get(key) != value}


def call_real_shim(arguments: list[str], replaced: dict[str, str]) -> tuple[Command, bytes]:
    stdin = None
    if not Path("/proc/self/fd/0").readlink().is_absolute():  # "pipe:[…]", not /dev/null
        stdin = sys.stdin.buffer.read()
    at = time.monotonic_ns()
    ended = subprocess.run(
        [REAL_SHIM, *arguments],
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        env=os.environ | replaced,
        check=False,
    )
    command = Command(
        at=at,
        namespace=flag(arguments, "-namespace"),
        id=flag(arguments, "-id"),
        arguments=arguments,
        environment=added_environment(),
        folder=str(Path.cwd()),
        stdin=None if stdin is None else stdin.hex(),
        stdout=ended.stdout.hex(),
        stderr=ended.stderr.decode(),
        status=ended.returncode,
    )
    write_down(command)
    sys.stderr.buffer.write(ended.stderr)
    return command, ended.stdout


def listen(link: Link, command_id: str) -> socket.socket:
    # A path of its own for each `start`: a second one for the same shim gets a relay of its own.
    name = hashlib.sha256(f"{link}/{command_id}/{os.getpid()}".encode()).hexdigest()[:32]
    SOCKETS.mkdir(mode=0o700, exist_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(SOCKETS / name))
    listener.listen()
    return listener


class Relay:
    """Accepts on one socket, dials another for each connection, and writes down what passes."""

    def __init__(self, link: Link, caller: Speaker, called: str, listener: socket.socket) -> None:
        self.link: Final = link
        self.caller: Final = caller
        self.called: Final = called
        self.listener: Final = listener
        self.connections: list[threading.Thread] = []

    def run(self, command: Command, met: Callable[[socket.socket], None]) -> None:
        """Accepts for ever. `met` is told of each caller."""
        while True:
            caller, _ = self.listener.accept()
            met(caller)
            thread = threading.Thread(
                target=self.carry, args=(command, len(self.connections), caller), daemon=True
            )
            self.connections.append(thread)
            thread.start()

    def carry(self, command: Command, number: int, caller: socket.socket) -> None:
        """Until either side ends: neither side of ttrpc goes on after the other has closed."""
        answerer: Speaker = "shim" if self.caller == "containerd" else "containerd"
        with caller, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as called:
            called.connect(self.called)
            speakers = {caller: (self.caller, called), called: (answerer, caller)}
            while True:
                readable, _, _ = select.select(list(speakers), [], [])
                for side in readable:
                    speaker, other = speakers[side]
                    data = receive(side)
                    write_down(
                        Chunk(
                            at=time.monotonic_ns(),
                            namespace=command.namespace,
                            id=command.id,
                            link=self.link,
                            connection=number,
                            speaker=speaker,
                            bytes=data.hex(),
                            end=not data,
                        )
                    )
                    if not data:
                        return
                    other.sendall(data)


def receive(side: socket.socket) -> bytes:
    try:
        return side.recv(1 << 20)
    except ConnectionResetError:
        return b""


def relay_until_the_shim_ends(command: Command, tasks: Relay, events: Relay) -> None:
    """Runs in a process of its own, which nobody waits for."""
    os.setsid()
    os.chdir("/")
    # containerd reads `start`'s output until everybody has closed it.
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    known = threading.Event()
    shim_pids: list[int] = []

    def meet_shim(connection: socket.socket) -> None:
        # The serving shim itself dials the event service; its task socket was made by `start`.
        size = struct.calcsize("3i")
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        shim_pids.append(struct.unpack("3i", credentials)[0])
        known.set()

    for relay, met in ((tasks, lambda _: None), (events, meet_shim)):
        threading.Thread(target=relay.run, args=(command, met), daemon=True).start()
    known.wait()  # without a deadline: a shim may have nothing to say for long
    shim = os.pidfd_open(shim_pids[0])
    select.select([shim], [], [])
    for thread in [*tasks.connections, *events.connections]:
        thread.join(DRAIN_SECONDS)
    for relay in (tasks, events):
        Path(relay.listener.getsockname()).unlink(missing_ok=True)


def start(arguments: list[str]) -> int:
    """The real `start`, with our address in its answer, and a relay left behind."""
    shim_id = flag(arguments, "-id")
    tasks, events = listen("task", shim_id), listen("events", shim_id)
    containerd_events = os.environ["TTRPC_ADDRESS"]
    command, answer = call_real_shim(arguments, {"TTRPC_ADDRESS": events.getsockname()})
    if command.status != 0:
        sys.stdout.buffer.write(answer)
        return command.status
    text = answer.decode().strip()
    address = json.loads(text)["address"] if text.startswith("{") else text
    ours = text.replace(address, "unix://" + tasks.getsockname())
    # containerd 1.6 and 1.7 find the shim again by this file, after a restart of their own.
    kept = Path("address")
    if kept.exists():
        kept.write_text(ours)
    if os.fork() == 0:
        relay_until_the_shim_ends(
            command,
            Relay("task", "containerd", address.removeprefix("unix://"), tasks),
            Relay("events", "shim", containerd_events, events),
        )
        os._exit(0)
    sys.stdout.write(ours)
    return 0


def main(arguments: list[str]) -> int:
    if arguments[-1:] == ["start"]:
        return start(arguments)
    command, answer = call_real_shim(arguments, {})
    sys.stdout.buffer.write(answer)
    return command.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
