"""What the rules ask of a container's bundle folder."""

from dataclasses import dataclass
from typing import Protocol

from returns.result import Result

from domain.identity import ExecId, Pid
from domain.refusal import BundleFailed, Evidence


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What of config.json decides anything here."""

    cgroups_path: str
    rootfs: str  # absolute
    has_terminal: bool
    private_pid_namespace: bool


class Bundles(Protocol):
    async def facts(self, bundle: str) -> Result[BundleFacts, BundleFailed]:
        """Reads BUNDLE/config.json."""
        ...

    async def place(self, bundle: str, cgroups_path: str) -> Result[None, BundleFailed]:
        """Sets `linux.cgroupsPath` in config.json, atomically, and nothing else in it."""
        ...

    async def add_exec(
        self, bundle: str, exec_id: ExecId, spec: bytes, *, terminal: bool
    ) -> Result[None, BundleFailed]:
        """Makes the exec's folder with its process file; `terminal` overrides the spec's (T131).

        BundleFailed also when the spec is no JSON object (T130); then nothing is left.
        """
        ...

    async def remove_exec(self, bundle: str, exec_id: ExecId) -> Result[None, BundleFailed]:
        """Removes the exec's folder; one that is gone is a success."""
        ...

    async def pid(self, bundle: str, exec_id: ExecId | None) -> Pid | None:
        """What runc wrote into the pid file; None if it wrote none: the program never ran."""
        ...

    async def is_gone(self, bundle: str) -> bool:
        """True if there certainly is no such folder; what cannot be looked at may be there."""
        ...

    async def evidence(self, paths: tuple[tuple[str, str], ...]) -> tuple[Evidence, ...]:
        """Of (heading, path) those that can be read, cut to 64 KiB from the end each."""
        ...
