"""The domain's Bundles port: a container's bundle folder on disk.

Each call is one hop to a thread, never more. `facts` and `place` each read config.json for
themselves: reading and parsing it costs less than the hop, and a copy that is kept could be out
of date.
"""

import asyncio
import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from returns.result import Failure, Result, Success

from adapters.disk import json_text, oci_config, whole_file
from domain import bundle_files
from domain.identity import ExecId, Pid
from domain.ports.bundles import BundleFacts
from domain.refusal import BundleFailed, Evidence

EVIDENCE_BYTES_MAX: Final = 64 << 10
# The longest pid is 4194304 (PID_MAX_LIMIT); what is longer is none.
_PID_BYTES_MAX: Final = 32

T = TypeVar("T")


class DiskBundles:
    """Nothing is kept between calls."""

    async def facts(self, bundle: str) -> Result[BundleFacts, BundleFailed]:
        return await _in_thread(lambda: oci_config.facts(bundle, _read_config(bundle)))

    async def place(self, bundle: str, cgroups_path: str) -> Result[None, BundleFailed]:
        return await _in_thread(lambda: _place(bundle, cgroups_path))

    async def add_exec(
        self, bundle: str, exec_id: ExecId, spec: bytes, *, terminal: bool
    ) -> Result[None, BundleFailed]:
        return await _in_thread(lambda: _add_exec(bundle, exec_id, spec, terminal=terminal))

    async def remove_exec(self, bundle: str, exec_id: ExecId) -> Result[None, BundleFailed]:
        return await _in_thread(lambda: _remove(bundle_files.exec_folder(bundle, exec_id)))

    async def pid(self, bundle: str, exec_id: ExecId | None) -> Pid | None:
        return await asyncio.to_thread(_read_pid, bundle_files.pid_file(bundle, exec_id))

    async def is_gone(self, bundle: str) -> bool:
        return await asyncio.to_thread(_is_gone, bundle)

    async def evidence(self, paths: tuple[tuple[str, str], ...]) -> tuple[Evidence, ...]:
        return await asyncio.to_thread(_evidence, paths)


async def _in_thread(work: Callable[[], T]) -> Result[T, BundleFailed]:
    try:
        return Success(await asyncio.to_thread(work))
    except (OSError, ValueError) as error:  # ValueError: not JSON, not UTF-8, misshapen
        return Failure(BundleFailed(str(error)))


def _read_config(bundle: str) -> str:
    return Path(bundle_files.config(bundle)).read_bytes().decode()


def _place(bundle: str, cgroups_path: str) -> None:
    path = Path(bundle_files.config(bundle))
    with path.open("rb") as file:
        old = os.fstat(file.fileno())
        text = file.read().decode()
    text = json_text.with_member(text, ("linux", "cgroupsPath"), cgroups_path)
    whole_file.replace(path, text.encode(), like=old)


def _add_exec(bundle: str, exec_id: ExecId, spec: bytes, *, terminal: bool) -> None:
    process = json_text.with_member(spec.decode(), ("terminal",), terminal).encode()
    folder = Path(bundle_files.exec_folder(bundle, exec_id))
    # An earlier exec of this id may have left its pid file, which says that a program ran.
    _remove(str(folder))
    try:
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        folder.mkdir(mode=0o700)
        Path(bundle_files.exec_spec(bundle, exec_id)).write_bytes(process)
        os.mkfifo(bundle_files.exec_gate(bundle, exec_id), 0o600)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _remove(folder: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _read_pid(path: str) -> Pid | None:
    try:
        with Path(path).open("rb") as file:
            digits = file.read(_PID_BYTES_MAX + 1).strip()
    except OSError:
        return None
    # crun writes the file in place: one that is empty yet has no pid in it.
    if len(digits) > _PID_BYTES_MAX or not digits.isdigit():
        return None
    return Pid(int(digits)) if int(digits) > 0 else None


def _is_gone(folder: str) -> bool:
    try:
        Path(folder).stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _evidence(paths: tuple[tuple[str, str], ...]) -> tuple[Evidence, ...]:
    tails = ((heading, _tail(path)) for heading, path in paths)
    return tuple(Evidence(heading, tail) for heading, tail in tails if tail is not None)


def _tail(path: str) -> str | None:
    """The end of a plain file; a FIFO would never end."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - EVIDENCE_BYTES_MAX))
            return file.read(EVIDENCE_BYTES_MAX).decode(errors="replace")
    except OSError:
        return None
