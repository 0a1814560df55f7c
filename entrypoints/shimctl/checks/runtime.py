"""The OCI runtime that sets containers up."""

import json
import shutil
from typing import Final

from returns.result import Failure

from domain.request import DEFAULT_RUNTIME
from entrypoints.shimctl.checks.finding import Finding, fail, ok, warn
from entrypoints.systemctl import run

_WITHIN_S: Final = 10.0
# What systemd gives to services that name none (systemd.exec(5), $PATH).
SERVICE_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"


def findings() -> list[Finding]:
    """Whether the default runtime is there, for the daemon too, and works."""
    program = shutil.which(DEFAULT_RUNTIME, path=SERVICE_PATH)
    if program is None:
        return [
            fail(
                DEFAULT_RUNTIME,
                f"not found in {SERVICE_PATH}",
                "apt-get install runc; or name another in a container's options (BinaryName)",
            )
        ]
    version = run((program, "--version"), _WITHIN_S)
    if isinstance(version, Failure):
        return [fail(DEFAULT_RUNTIME, str(version.failure()), f"reinstall {program}")]
    name = version.unwrap().splitlines()[0] if version.unwrap() else "of unknown version"
    return [ok(DEFAULT_RUNTIME, f"{name} ({program})"), _features(program)]


def _features(program: str) -> Finding:
    outcome = run((program, "features"), _WITHIN_S)
    try:
        known = json.loads(outcome.value_or(""))
    except ValueError:
        return warn(
            "features",
            f"`{program} features` says nothing",
            "containerd 2 will offer neither user namespaces nor recursive read-only mounts; "
            "runc 1.1 or newer knows the command",
        )
    return ok(
        "features", f"OCI {known.get('ociVersionMin', '?')} to {known.get('ociVersionMax', '?')}"
    )
