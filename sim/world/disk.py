"""Bundles and records. What a record holds after a crash is what the last save put there."""

import json
from dataclasses import dataclass, field

from returns.result import Failure, Result, Success

from domain import bundle_files
from domain.identity import ContainerKey, ExecId, Pid
from domain.ports.bundles import BundleFacts
from domain.record import ContainerRecord
from domain.refusal import BundleFailed, Evidence, RecordFailed
from sim.faults import At, Does
from sim.world.world import World


@dataclass(slots=True)
class Bundle:
    """A bundle folder: what config.json says, and the files that runc and we put there."""

    args: tuple[str, ...]
    cgroups_path: str = ""
    has_terminal: bool = False
    private_pid_namespace: bool = True
    files: dict[str, str] = field(default_factory=dict)


class Disk:
    """Survives the shim; of memory nothing does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bundles: dict[str, Bundle] = {}
        self.records: dict[tuple[ContainerKey, int], ContainerRecord] = {}
        self.mounted: dict[str, None] = {}

    def file(self, path: str) -> str | None:
        for folder, bundle in self.bundles.items():
            if path.startswith(f"{folder}/"):
                return bundle.files.get(path)
        return None

    def write(self, path: str, text: str) -> None:
        for folder, bundle in self.bundles.items():
            if path.startswith(f"{folder}/"):
                bundle.files[path] = text

    def remove_below(self, folder: str) -> None:
        for bundle in self.bundles.values():
            for path in [path for path in bundle.files if path.startswith(f"{folder}/")]:
                del bundle.files[path]


class FakeBundles:
    """The Bundles port."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def facts(self, bundle: str) -> Result[BundleFacts, BundleFailed]:
        await self._disk.world.reach(At.BUNDLE)
        found = self._disk.bundles.get(bundle)
        if found is None:
            return Failure(BundleFailed(f"{bundle}/config.json: no such file"))
        return Success(
            BundleFacts(
                cgroups_path=found.cgroups_path,
                rootfs=bundle_files.rootfs(bundle),
                has_terminal=found.has_terminal,
                private_pid_namespace=found.private_pid_namespace,
            )
        )

    async def place(self, bundle: str, cgroups_path: str) -> Result[None, BundleFailed]:
        await self._disk.world.reach(At.BUNDLE)
        found = self._disk.bundles.get(bundle)
        if found is None:
            return Failure(BundleFailed(f"{bundle}/config.json: no such file"))
        found.cgroups_path = cgroups_path
        return Success(None)

    async def add_exec(
        self, bundle: str, exec_id: ExecId, spec: bytes, *, terminal: bool
    ) -> Result[None, BundleFailed]:
        await self._disk.world.reach(At.BUNDLE)
        try:
            process = json.loads(spec)
        except ValueError:
            return Failure(BundleFailed("the spec is no JSON"))
        if not isinstance(process, dict) or bundle not in self._disk.bundles:
            return Failure(BundleFailed("the spec is no process, or there is no bundle"))
        text = json.dumps({**process, "terminal": terminal})
        self._disk.write(bundle_files.exec_spec(bundle, exec_id), text)
        return Success(None)

    async def remove_exec(self, bundle: str, exec_id: ExecId) -> Result[None, BundleFailed]:
        await self._disk.world.reach(At.BUNDLE)
        self._disk.remove_below(bundle_files.exec_folder(bundle, exec_id))
        return Success(None)

    async def pid(self, bundle: str, exec_id: ExecId | None) -> Pid | None:
        await self._disk.world.reach(At.BUNDLE)
        text = self._disk.file(bundle_files.pid_file(bundle, exec_id))
        return None if text is None else Pid(int(text))

    async def evidence(self, paths: tuple[tuple[str, str], ...]) -> tuple[Evidence, ...]:
        await self._disk.world.reach(At.BUNDLE)
        texts = [(heading, self._disk.file(path)) for heading, path in paths]
        return tuple(Evidence(heading, text) for heading, text in texts if text is not None)


class FakeRecords:
    """The Records port."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def save(self, record: ContainerRecord) -> Result[None, RecordFailed]:
        does = await self._disk.world.reach(At.RECORD_SAVE)
        if does is Does.FAILS_BEFORE:
            return Failure(RecordFailed("no space left on device"))
        self._disk.records[record.owner, record.life] = record
        return Success(None)

    async def remove(self, owner: ContainerKey, life: int) -> Result[None, RecordFailed]:
        await self._disk.world.reach(At.RECORD_REMOVE)
        self._disk.records.pop((owner, life), None)
        return Success(None)

    async def all(self) -> tuple[ContainerRecord, ...]:
        await self._disk.world.reach(At.RECORD_READ)
        return tuple(self._disk.records.values())
