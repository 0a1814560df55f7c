"""What the rules ask about a container's root file system."""

from typing import Protocol

from returns.result import Result

from domain.limits import Seconds
from domain.refusal import DeadlinePassed, MountFailed
from domain.request import Mount


class Mounts(Protocol):
    async def mount(
        self, rootfs: str, mounts: tuple[Mount, ...], within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        """Applies the mounts in order onto `rootfs` (made if absent); a failure undoes all."""
        ...

    async def unmount(
        self, rootfs: str, within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        """Takes every mount off `rootfs` and below; nothing mounted or no such folder is a success.

        Removes nothing: a folder may still hold somebody's files (D23).
        """
        ...
