"""A generation with a kernel of its own, where cgroup v2 has all its controllers."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Final

from tests.lab.lab_script import SCRIPT

TIMEOUT_SECONDS: Final = 850


@dataclass(frozen=True, slots=True)
class Emulated:
    """Boots anew for each probe, which takes about a minute: ask much in one probe."""

    suite: str

    def probe(self, script: Path, *files: Path) -> CompletedProcess[str]:
        """Runs an executable script inside, with the files beside it in its working directory."""
        return subprocess.run(
            [SCRIPT, "vm", self.suite, script, *files],
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
