"""Timing commands, and taking turns so that a busy minute hits every subject alike."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

Samples = dict[str, list[float]]

NS_PER_MS: Final = 1_000_000
# One round goes before the counted ones: the first call of anything reads files from the disk.
WARM_UP_ROUNDS: Final = 1
# What one makes ready in the kernel must not be the next one's gain: who moves a process into a
# cgroup makes that cheap for everybody for a while (decision 0019).
REST_S: Final = 0.1


class CommandFailedError(Exception):
    """A command of the bench did not do what is measured, so there is nothing to measure."""


def timed(argv: Sequence[str], folder: str | None = None) -> float:
    """Milliseconds from the fork to the exit of a command that has to succeed."""
    if folder is not None:
        os.chdir(folder)
    errors = os.memfd_create("errors")
    try:
        begun = time.perf_counter_ns()
        pid = os.posix_spawnp(
            argv[0],
            list(argv),
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, errors, 2),
            ],
        )
        _, status = os.waitpid(pid, 0)
        took = time.perf_counter_ns() - begun
        if status:
            said = os.pread(errors, 4096, 0).decode(errors="replace").strip()
            code = os.waitstatus_to_exitcode(status)
            raise CommandFailedError(f"{' '.join(argv)} ended with {code}: {said}")
    finally:
        os.close(errors)
    return took / NS_PER_MS


def in_turns(rounds: int, subjects: Mapping[str, Callable[[str], float]]) -> Samples:
    """Each subject once a round, every other round in the opposite order.

    A subject gets a word that it has not had before, for the ids of what it makes.
    """
    samples: Samples = {name: [] for name in subjects}
    for number in range(-WARM_UP_ROUNDS, rounds):
        order = list(subjects)
        if number % 2:
            order.reverse()
        for name in order:
            time.sleep(REST_S)
            value = subjects[name](f"{number + WARM_UP_ROUNDS}")
            if number >= 0:
                samples[name].append(value)
    return samples
