"""Bundles and records. What a record holds after a crash is what the last save put there."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from returns.result import Failure, Result, Success

from domain import bundle_files
from domain.identity import ContainerKey, ExecId, Pid, ProcessKey
from domain.ports.bundles import BundleFacts
from domain.record import ContainerRecord
from domain.refusal import BundleFailed, Evidence, RecordFailed
from domain.request import Mount
from sim.faults import At
from sim.world.world import Lost, World

T = TypeVar("T")

FULL: Final = "no space left on device"


@dataclass(slots=True)
class Bundle:
    """A bundle folder: what config.json says, and the files that runc and we put there."""

    args: tuple[str, ...]
    cgroups_path: str = ""
    has_terminal: bool = False
    private_pid_namespace: bool = True
    # Its root file system is empty until it has been mounted.
    is_mounted_by_shim: bool = False
    files: dict[str, str] = field(default_factory=dict)
    # The whole of config.json, where somebody wants to read it.
    config: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, config: dict[str, Any]) -> "Bundle":
        """The bundle whose config.json this is."""
        process, linux = config["process"], config["linux"]
        kinds = [each["type"] for each in linux["namespaces"] if not each.get("path")]
        return cls(
            tuple(process["args"]),
            linux["cgroupsPath"],
            process["terminal"],
            "pid" in kinds,
            config=config,
        )

    def config_text(self) -> str:
        process = {
            **self.config.get("process", {}),
            "args": list(self.args),
            "terminal": self.has_terminal,
        }
        linux = {**self.config.get("linux", {}), "cgroupsPath": self.cgroups_path}
        return json.dumps({**self.config, "process": process, "linux": linux})


class Disk:
    """Survives the shim; of memory nothing does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.bundles: dict[str, Bundle] = {}
        self.records: dict[tuple[ContainerKey, int], ContainerRecord] = {}
        # What lies on each root file system, and the folders that were made for it.
        self.mounted: dict[str, list[Mount]] = {}
        # Every root file system that was mounted or unmounted, and when.
        self.mounts: list[tuple[str, bool, float]] = []
        self.folders: dict[str, None] = {}
        # Every exec's spec that was ever written, and the execs that a record named before that.
        self.specs: dict[str, None] = {}
        self.named_too_early: list[ProcessKey] = []
        # How often it refused to keep or remove a container's record, or said so.
        self.refused: dict[ContainerKey, int] = {}
        # Nothing can be written, nor removed: full, or read-only since an error (F116).
        self.takes_nothing = False

    def file(self, path: str) -> str | None:
        for folder, bundle in self.bundles.items():
            if path.startswith(f"{folder}/"):
                if bundle.config and path == bundle_files.config(folder):
                    return bundle.config_text()
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
        return await self._ask(lambda: self._facts(bundle))

    def _facts(self, bundle: str) -> Result[BundleFacts, BundleFailed]:
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
        return await self._ask(lambda: self._place(bundle, cgroups_path))

    def _place(self, bundle: str, cgroups_path: str) -> Result[None, BundleFailed]:
        found = self._disk.bundles.get(bundle)
        if found is None:
            return Failure(BundleFailed(f"{bundle}/config.json: no such file"))
        if self._disk.takes_nothing:
            return Failure(BundleFailed(FULL))
        found.cgroups_path = cgroups_path
        return Success(None)

    async def add_exec(
        self, bundle: str, exec_id: ExecId, spec: bytes, *, terminal: bool
    ) -> Result[None, BundleFailed]:
        return await self._ask(lambda: self._add_exec(bundle, exec_id, spec, terminal=terminal))

    def _add_exec(
        self, bundle: str, exec_id: ExecId, spec: bytes, *, terminal: bool
    ) -> Result[None, BundleFailed]:
        try:
            process = json.loads(spec)
        except ValueError:
            return Failure(BundleFailed("the spec is no JSON"))
        if not isinstance(process, dict) or bundle not in self._disk.bundles:
            return Failure(BundleFailed("the spec is no process, or there is no bundle"))
        if self._disk.takes_nothing:
            return Failure(BundleFailed(FULL))
        self._disk.remove_below(bundle_files.exec_folder(bundle, exec_id))
        text = json.dumps({**process, "terminal": terminal})
        path = bundle_files.exec_spec(bundle, exec_id)
        self._disk.write(path, text)
        # What the reaper will say there.
        self._disk.write(bundle_files.exec_gate(bundle, exec_id), text)
        self._disk.specs[path] = None
        return Success(None)

    async def remove_exec(self, bundle: str, exec_id: ExecId) -> Result[None, BundleFailed]:
        folder = bundle_files.exec_folder(bundle, exec_id)
        removed = await self._disk.world.ask(At.BUNDLE, lambda: self._disk.remove_below(folder))
        return Failure(BundleFailed(FULL)) if isinstance(removed, Lost) else Success(None)

    async def pid(self, bundle: str, exec_id: ExecId | None) -> Pid | None:
        await self._disk.world.pass_through(At.RECORD_READ)
        text = self._disk.file(bundle_files.pid_file(bundle, exec_id))
        return Pid(int(text)) if text else None

    async def is_gone(self, bundle: str) -> bool:
        await self._disk.world.pass_through(At.RECORD_READ)
        return bundle not in self._disk.bundles

    async def evidence(self, paths: tuple[tuple[str, str], ...]) -> tuple[Evidence, ...]:
        await self._disk.world.pass_through(At.RECORD_READ)
        texts = [(heading, self._disk.file(path)) for heading, path in paths]
        return tuple(Evidence(heading, text) for heading, text in texts if text is not None)

    async def _ask(self, act: Callable[[], Result[T, BundleFailed]]) -> Result[T, BundleFailed]:
        answer = await self._disk.world.ask(At.BUNDLE, act)
        return Failure(BundleFailed(FULL)) if isinstance(answer, Lost) else answer


class FakeRecords:
    """The Records port."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    async def save(self, record: ContainerRecord) -> Result[None, RecordFailed]:
        saved = await self._disk.world.ask(At.RECORD_SAVE, lambda: self._save(record))
        return self._answer(record.owner, saved)

    def _save(self, record: ContainerRecord) -> Lost | None:
        if self._disk.takes_nothing:
            return Lost.REFUSED
        self._disk.records[record.owner, record.life] = record
        self._disk.named_too_early += [
            ProcessKey(record.owner, each.exec_id)
            for each in record.execs
            if each.exec_id is not None
            and bundle_files.exec_spec(record.bundle, each.exec_id) not in self._disk.specs
        ]
        return None

    async def remove(self, owner: ContainerKey, life: int) -> Result[None, RecordFailed]:
        removed = await self._disk.world.ask(At.RECORD_REMOVE, lambda: self._remove(owner, life))
        return self._answer(owner, removed)

    def _answer(self, owner: ContainerKey, done: Lost | None) -> Result[None, RecordFailed]:
        if done is None:
            return Success(None)
        self._disk.refused[owner] = self._disk.refused.get(owner, 0) + 1
        return Failure(RecordFailed(FULL))

    def _remove(self, owner: ContainerKey, life: int) -> Lost | None:
        if self._disk.takes_nothing:
            return Lost.REFUSED
        self._disk.records.pop((owner, life), None)
        return None

    async def all(self) -> tuple[ContainerRecord, ...]:
        await self._disk.world.pass_through(At.RECORD_READ)
        return tuple(self._disk.records.values())
