"""What the rules ask of control groups themselves, where neither systemd nor runc will do."""

from typing import Protocol

from returns.result import Result

from domain.refusal import CgroupFailed


class Cgroups(Protocol):
    async def thaw(self, cgroup: str) -> Result[None, CgroupFailed]:
        """Lets a frozen cgroup and those below go on; one that is gone or not frozen: success.

        On cgroup v1 a killed but frozen process does not die (F99).
        """
        ...

    async def remove(self, cgroup: str) -> Result[None, CgroupFailed]:
        """Removes an ended unit's cgroup, and those below, where neither systemd nor runc does.

        On cgroup v1 runc makes the path in every hierarchy and takes away its last part alone;
        systemd knows nothing of its freezer and cpuset (seen on 252). One in use stays.
        """
        ...
