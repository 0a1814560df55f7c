"""What idle containers cost: the daemon's Pss beside that of one shim for each container."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from bench.inside import ctr
from bench.inside.ctr import Runtime
from bench.inside.timing import Samples

SERVICE: Final = "containerd-shim-systemd.service"
SYSTEMD: Final = 1


def idle(containers: int) -> Samples:
    """Kilobytes: of whoever serves and of systemd itself, without and with the containers.

    One reading each. The daemon is a fresh one that has served a container, so that all it
    needs for serving is loaded.
    """
    ctr.call(["systemctl", "restart", SERVICE])
    ctr.call(ctr.run(ctr.OURS, ctr.OURS.id("memory"), "true", options=("--rm",)))
    samples: Samples = {}
    for runtime, serving in ((ctr.OURS, _daemon), (ctr.THEIRS, _shims)):
        _measure(runtime, serving, containers, samples)
    return samples


def _measure(
    runtime: Runtime, serving: Callable[[], float], containers: int, samples: Samples
) -> None:
    def note(when: str) -> None:
        samples[f"{runtime.short} {when}"] = [serving()]
        samples[f"{runtime.short} systemd {when}"] = [_pss(SYSTEMD)]

    note("without")
    ids = [runtime.id(f"idle{number}") for number in range(containers)]
    for container in ids:
        ctr.start_idle(runtime, container)
    note("with")
    for container in ids:
        ctr.remove(container)


def _daemon() -> float:
    return _pss(int(ctr.call(["systemctl", "show", "--property=MainPID", "--value", SERVICE])))


def _shims() -> float:
    total = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            argv = (folder / "cmdline").read_bytes().split(b"\0")
            if argv[0].endswith(ctr.THEIRS.binary.encode()):
                total += _pss(int(folder.name))
    return total


def _pss(pid: int) -> float:
    """A process's own memory and its share of what it shares, in kB (proc_pid_smaps(5))."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return float(line.split()[1])
    return 0.0
