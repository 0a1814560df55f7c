"""What must outlive the daemon; written before anyone is told."""

from typing import Protocol

from returns.result import Result

from domain.identity import ContainerKey
from domain.record import ContainerRecord
from domain.refusal import RecordFailed


class Records(Protocol):
    """One for each life of a container, in a folder of our own: containerd removes bundles."""

    async def save(self, record: ContainerRecord) -> Result[None, RecordFailed]:
        """Replaces the record whole: after a crash it is the old one or the new (S30)."""
        ...

    async def remove(self, owner: ContainerKey, life: int) -> Result[None, RecordFailed]:
        """Forgets this life of the container; one without a record is a success."""
        ...

    async def all(self) -> tuple[ContainerRecord, ...]:
        """Every record that can be read; one that cannot is logged, set aside and left out."""
        ...
