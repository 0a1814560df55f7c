"""Calls of script/lab, which builds and boots the machines."""

import os
import subprocess
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[2]
SCRIPT: Final = REPOSITORY / "script" / "lab"
# The three generations of engines that the project promises to work with.
SUITES: Final = ("bookworm", "trixie", "sid")

# script/lab ends so where it cannot work: no root, no network, no such suite today.
UNAVAILABLE: Final = 69


class LabBrokenError(Exception):
    """script/lab failed although it could have worked here."""


def lab(*arguments: str) -> str:
    """Runs script/lab and returns what it prints; skips the test where it cannot work here."""
    call = subprocess.run(
        [SCRIPT, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        # A machine whose session was killed is swept away by the next one.
        env={**os.environ, "SHIM_LAB_OWNER": str(os.getpid())},
    )
    last_words = call.stderr.strip().splitlines()[-5:]
    if call.returncode == UNAVAILABLE:
        pytest.skip(last_words[-1] if last_words else "script/lab cannot work here")
    if call.returncode:
        raise LabBrokenError(f"script/lab {' '.join(arguments)}: " + "\n".join(last_words))
    return call.stdout.strip()
