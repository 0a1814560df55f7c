"""How fast output comes through: a terminal, which is copied, and a FIFO, which is not."""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.inside import ctr
from bench.inside.ctr import Runtime
from bench.inside.timing import CommandFailedError, Samples, in_turns

MB: Final = 1_000_000
TERMINAL_BYTES: Final = 50 * MB
STDOUT_BYTES: Final = 200 * MB
CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Came:
    """What a client read, and how fast it came after the first chunk."""

    size: int
    rate: float  # MB/s


def terminal(rounds: int) -> Samples:
    """MB/s of `ctr run -t`, from the first byte that the client's terminal shows to the last."""
    return _measure(rounds, ("--tty",), TERMINAL_BYTES, _on_terminal)


def stdout(rounds: int) -> Samples:
    """MB/s of `ctr run` into a pipe."""
    return _measure(rounds, (), STDOUT_BYTES, _on_pipe)


def _measure(
    rounds: int, options: tuple[str, ...], size: int, show: Callable[[list[str]], Came]
) -> Samples:
    """The rates, and of each subject the bytes of each run that never came."""
    lost: Samples = {each.short: [] for each in ctr.BOTH}

    def subject(runtime: Runtime) -> Callable[[str], float]:
        def measure(word: str) -> float:
            program = ("head", "-c", str(size), "/dev/zero")
            container = runtime.id(f"out{size}n{word}")
            came = show(ctr.run(runtime, container, *program, options=("--rm", *options)))
            lost[runtime.short].append(float(size - came.size))
            return came.rate

        return measure

    samples = in_turns(rounds, {each.short: subject(each) for each in ctr.BOTH})
    return samples | {f"{name} lost": values[-rounds:] for name, values in lost.items()}


def _on_terminal(argv: list[str]) -> Came:
    """Not as its controlling terminal: that is hung up, unread output and all, when ctr ends."""
    master, slave = os.openpty()
    with subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave) as client:  # noqa: S603
        os.close(slave)
        came = _read_all(master)
        os.close(master)
    if client.returncode:
        raise CommandFailedError(f"{' '.join(argv)} ended with {client.returncode}")
    return came


def _on_pipe(argv: list[str]) -> Came:
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as client:  # noqa: S603
        if client.stdout is None:
            raise CommandFailedError("no pipe")
        came = _read_all(client.stdout.fileno())
    if client.returncode:
        raise CommandFailedError(f"{' '.join(argv)} ended with {client.returncode}")
    return came


def _read_all(stream: int) -> Came:
    first = len(_read(stream))
    begun = time.perf_counter()
    rest, ended = 0, begun
    while data := _read(stream):
        rest += len(data)
        ended = time.perf_counter()
    if not rest:
        raise CommandFailedError(f"only {first} bytes came")
    return Came(first + rest, rest / MB / (ended - begun))


def _read(stream: int) -> bytes:
    try:
        return os.read(stream, CHUNK)
    except OSError:  # EIO: nobody has the terminal open any more (pty(7))
        return b""
