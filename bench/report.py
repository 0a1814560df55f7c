"""One run of the bench as a value, and as JSON."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

# Of each measure the samples of each subject.
Samples = Mapping[str, list[float]]
Measured = Mapping[str, Samples]

KB_PER_GB: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Host:
    """What it ran on. The load tells whether others worked there, too."""

    processor: str
    cores: int
    memory_gb: int
    kernel: str
    python: str
    load: float


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    versions: Mapping[str, str]
    measured: Measured

    def median(self, measure: str, subject: str) -> float | None:
        samples = self.measured.get(measure, {}).get(subject)
        return median(samples) if samples else None


@dataclass(frozen=True, slots=True)
class Report:
    date: str
    commit: str
    rounds: int
    idle: int
    host: Host
    suites: tuple[Suite, ...]
    lives_per_second: tuple[float, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1) + "\n"


def now() -> str:
    return datetime.now(UTC).date().isoformat()


def commit(repository: Path) -> str:
    """Which code was measured, `+` if it was changed since; empty outside a checkout."""
    asked = subprocess.run(  # noqa: S603
        ["git", "-C", str(repository), "describe", "--always", "--dirty=+", "--exclude=*"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip()


def this_host() -> Host:
    return Host(
        processor=_value("/proc/cpuinfo", "model name"),
        cores=os.cpu_count() or 0,
        memory_gb=round(int(_value("/proc/meminfo", "MemTotal").split()[0]) / KB_PER_GB),
        kernel=platform.release(),
        python=platform.python_version(),
        load=round(os.getloadavg()[0], 1),
    )


def _value(file: str, key: str) -> str:
    for line in Path(file).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"
