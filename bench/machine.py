"""Lab machines of the bench's own, made for a run and thrown away after it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
LAB: Final = REPOSITORY / "script" / "lab"
PREFIX: Final = "bench-"


class LabFailedError(Exception):
    """script/lab could not do what it was asked for; it has said why."""


class Machine:
    """A booted suite with the project installed in it."""

    def __init__(self, suite: str) -> None:
        self.suite = suite

    def python(self, module: str, *arguments: str) -> str:
        """What a module of this checkout prints that runs inside with Debian's own Python."""
        command = ("env", "--chdir=/src", "/usr/bin/python3", "-B", "-m", module, *arguments)
        return _lab("run", self.suite, "--", *command)


@contextmanager
def machine(suite: str) -> Iterator[Machine]:
    _lab("build", suite)
    _lab("sweep")
    _lab("remove", suite)
    try:
        _lab("boot", suite)
        _lab("install", suite, errors=subprocess.PIPE)  # it explains at length how to go on
        yield Machine(suite)
    finally:
        _lab("remove", suite)


def _lab(*arguments: str, errors: int | None = None) -> str:
    done = subprocess.run(  # noqa: S603 (our own script)
        [LAB, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        check=False,
        # A machine whose bench was killed is swept away by the next one.
        env={**os.environ, "SHIM_LAB_PREFIX": PREFIX, "SHIM_LAB_OWNER": str(os.getpid())},
    )
    if done.returncode:
        sys.stderr.write(done.stderr or "")
        raise LabFailedError(f"script/lab {' '.join(arguments[:2])} ended with {done.returncode}")
    return done.stdout
