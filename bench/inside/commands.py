"""The commands that containerd runs for each container: `start` and `delete`."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.inside import ctr
from bench.inside.ctr import Runtime
from bench.inside.timing import CommandFailedError, Samples, in_turns, timed

BARE: Final = "python3 -IS -c pass"


def start(rounds: int) -> Samples:
    """`start` of both, and the least that any program in Python costs."""
    with tempfile.TemporaryDirectory() as folder:
        return in_turns(
            rounds,
            {
                ctr.OURS.short: _starting(ctr.OURS, folder),
                BARE: lambda _: timed([_python(), "-IS", "-c", "pass"]),
                ctr.THEIRS.short: _starting(ctr.THEIRS, folder),
            },
        )


def delete(rounds: int) -> Samples:
    """`delete` as it runs after each ordinary removal: there is nothing left to do."""
    with tempfile.TemporaryDirectory() as folder:
        return in_turns(rounds, {each.short: _deleting(each, folder) for each in ctr.BOTH})


def _starting(runtime: Runtime, folder: str) -> Callable[[str], float]:
    def measure(word: str) -> float:
        container = runtime.id(f"start{word}")
        bundle = _bundle(folder, container)
        took = timed(_command(runtime, container, bundle, "start"), bundle)
        _stop_shim(runtime, container, bundle)
        return took

    return measure


def _deleting(runtime: Runtime, folder: str) -> Callable[[str], float]:
    def measure(word: str) -> float:
        container = runtime.id(f"delete{word}")
        bundle = _bundle(folder, container)
        return timed(_command(runtime, container, bundle, "delete"), bundle)

    return measure


def _command(runtime: Runtime, container: str, bundle: str, action: str) -> list[str]:
    """As containerd writes it (core/runtime/v2/binary.go)."""
    return [
        *(_on_path(runtime.binary), "-namespace", "default", "-address", ctr.CONTAINERD),
        *("-publish-binary", _on_path("containerd"), "-id", container, "-bundle", bundle, action),
    ]


def _bundle(folder: str, container: str) -> str:
    bundle = Path(folder, container)
    bundle.mkdir()
    (bundle / "config.json").write_text("{}")
    # runc.v2's Create leaves it there, and its `delete` wants it.
    (bundle / "runtime").write_text("runc")
    return str(bundle)


def _stop_shim(runtime: Runtime, container: str, bundle: str) -> None:
    """runc.v2's `start` leaves a shim behind, a process for each container; ours has a daemon."""
    if runtime is not ctr.THEIRS:
        return
    for pid in _processes_of(container):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with suppress(FileNotFoundError):
        address = Path(bundle, "address").read_text()
        Path(address.removeprefix("unix://")).unlink()


def _processes_of(container: str) -> list[int]:
    """Who has the container's id as an argument."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if container.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def _python() -> str:
    """The interpreter that the installed launcher names, so that both lines start the same one."""
    launcher = Path(_on_path(ctr.OURS.binary)).read_bytes().split(b"\n", 1)[0]
    words = launcher.decode().removeprefix("#!").split()
    return words[0] if words else sys.executable


def _on_path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise CommandFailedError(f"{program} is not on the PATH of this machine")
    return found
