"""The domain's Records port: STATE/tasks/NAMESPACE/CONTAINER.LIFE.json, for root alone.

A record is only of use as long as its container's processes live, so STATE may lie in /run; what
is written is nevertheless synced, so that a disk will do as well.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from adapters.disk import record as form
from adapters.disk import whole_file
from domain.identity import ContainerKey
from domain.record import ContainerRecord
from domain.refusal import RecordFailed

UNREADABLE: Final = ".unreadable"

# Each container's writes go through one of these threads, in the order in which they were asked
# for, even if the one who asked was cancelled meanwhile: an older record must not come last.
# With more than one, a slow sync does not hold up everybody.
_LANES: Final = 4

_log = logging.getLogger(__name__)


class DiskRecords:
    """Owns up to four threads, made when they are first needed; `close` ends them."""

    def __init__(self, state: Path) -> None:
        self._tasks = state / form.TASKS
        self._lanes = tuple(
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"records-{number}")
            for number in range(_LANES)
        )

    async def save(self, record: ContainerRecord) -> Result[None, RecordFailed]:
        return await self._write(record.owner, lambda: self._save(record))

    async def remove(self, owner: ContainerKey, life: int) -> Result[None, RecordFailed]:
        return await self._write(owner, lambda: self._remove(owner, life))

    async def all(self) -> tuple[ContainerRecord, ...]:
        """As the port says. To be asked before anything is saved: what was half written goes.

        `OSError` if the folder itself cannot be read: then nothing is known of any container.
        """
        return await asyncio.to_thread(lambda: tuple(self._read_all()))

    def close(self) -> None:
        """Waits for what is being written, and takes no more."""
        for lane in self._lanes:
            lane.shutdown()

    async def _write(
        self, owner: ContainerKey, work: Callable[[], None]
    ) -> Result[None, RecordFailed]:
        lane = self._lanes[hash(owner) % _LANES]
        try:
            await asyncio.get_running_loop().run_in_executor(lane, work)
        except OSError as error:
            return Failure(RecordFailed(str(error)))
        return Success(None)

    def _path(self, owner: ContainerKey, life: int) -> Path:
        return self._tasks / owner.namespace / f"{owner.container}.{life}{form.SUFFIX}"

    def _save(self, record: ContainerRecord) -> None:
        path = self._path(record.owner, record.life)
        _make_folder(path.parent)
        whole_file.replace(path, form.encode(record))
        whole_file.sync_folder(path.parent)

    def _remove(self, owner: ContainerKey, life: int) -> None:
        path = self._path(owner, life)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            whole_file.sync_folder(path.parent)

    def _read_all(self) -> Iterator[ContainerRecord]:
        if not self._tasks.exists():
            return
        folders = sorted(path for path in self._tasks.iterdir() if path.is_dir())
        for path in (path for folder in folders for path in sorted(folder.iterdir())):
            if path.name.endswith(whole_file.TEMPORARY):
                path.unlink(missing_ok=True)  # cut short by a crash; the one before it stands
            elif path.name.endswith(form.SUFFIX):
                record = self._read(path)
                if record is not None:
                    yield record

    def _read(self, path: Path) -> ContainerRecord | None:
        try:
            record = form.decode(path.read_bytes())
            if path != self._path(record.owner, record.life):
                raise form.Unreadable(f"it is about {record.owner}")  # noqa: TRY301
        except (OSError, form.Unreadable) as error:
            _set_aside(path, error)
            return None
        return record


def _make_folder(folder: Path) -> None:
    """Makes STATE/tasks and the namespace's folder, and their names last."""
    if folder.is_dir():
        return
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_file.sync_folder(each.parent)


def _set_aside(path: Path, why: Exception) -> None:
    aside = path.with_name(path.name + UNREADABLE)
    _log.error("the record %s cannot be read and is set aside: %s", path, why)
    try:
        path.rename(aside)
    except OSError as error:
        _log.error("it stays where it is: %s", error)
