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
