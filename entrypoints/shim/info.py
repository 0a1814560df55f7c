"""`-info`: what this runtime is and what its OCI runtime can do, for containerd 2.0 and later.

CRI reads the features to offer user namespaces and recursive read-only mounts.
"""

import json
import shutil
import subprocess
from typing import Final

from entrypoints import places
from entrypoints.shim import bootstrap, wire

DEFAULT_RUNTIME: Final = "runc"
OPTIONS: Final = "containerd.runc.v1.Options"
FEATURES_URL: Final = "types.containerd.io/opencontainers/runtime-spec/1/features/Features"
# It only prints what was compiled in; a runtime that takes longer is ill.
FEATURES_WITHIN_S: Final = 10


def describe(stdin: int) -> tuple[bytes, str]:
    """A RuntimeInfo for standard output, and why there is none ("" if there is one)."""
    options = bootstrap.read_input(stdin)
    binary = _runtime_in(options)
    program = shutil.which(binary)
    if program is None:
        return b"", f"no OCI runtime {binary!r} on PATH"
    features = _features(program)
    info = wire.text(1, places.RUNTIME) + wire.message(2, wire.text(1, places.VERSION))
    if options:
        info += wire.message(3, options)
    if features:
        info += wire.message(4, wire.text(1, FEATURES_URL) + wire.message(2, features))
    return info, ""


def _runtime_in(options: bytes) -> str:
    """The runtime that the options Any names; runc where it names none or is of another type."""
    any_ = wire.decode(options)
    # With or without a host in front: only the part after the last slash is the type's name.
    if any_ is None or any_.text(1).rpartition("/")[2] != OPTIONS:
        return DEFAULT_RUNTIME
    runc_options = wire.decode(any_.blobs.get(2, b""))
    return (runc_options.text(6) if runc_options else "") or DEFAULT_RUNTIME


def _features(program: str) -> bytes:
    """The runtime's own JSON; b"" from one that does not know the command (runc before 1.1)."""
    try:
        asked = subprocess.run(  # noqa: S603 (the runtime that containerd was configured with)
            [program, "features"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=FEATURES_WITHIN_S,
        )
        if asked.returncode != 0 or not isinstance(json.loads(asked.stdout), dict):
            return b""
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return b""
    return asked.stdout.strip()
