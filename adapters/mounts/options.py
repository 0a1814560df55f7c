"""fstab's options, sorted into what the kernel takes apart: flags, propagation, and the rest.

The words are those that containerd's own shim takes (core/mount/mount_linux.go), mount(8) tells
what they mean.
"""

from dataclasses import dataclass
from typing import Final

from returns.result import Failure, Result, Success

from domain.refusal import MountFailed

MS_BIND: Final = 1 << 12
MS_DIRSYNC: Final = 1 << 7
MS_LAZYTIME: Final = 1 << 25
MS_MANDLOCK: Final = 1 << 6
MS_NOATIME: Final = 1 << 10
MS_NODEV: Final = 1 << 2
MS_NODIRATIME: Final = 1 << 11
MS_NOEXEC: Final = 1 << 3
MS_NOSUID: Final = 1 << 1
MS_NOSYMFOLLOW: Final = 1 << 8
MS_PRIVATE: Final = 1 << 18
MS_RDONLY: Final = 1 << 0
MS_REC: Final = 1 << 14
MS_RELATIME: Final = 1 << 21
MS_REMOUNT: Final = 1 << 5
MS_SHARED: Final = 1 << 20
MS_SLAVE: Final = 1 << 19
MS_STRICTATIME: Final = 1 << 24
MS_SYNCHRONOUS: Final = 1 << 4
MS_UNBINDABLE: Final = 1 << 17

_SET: Final = {
    "bind": MS_BIND,
    "defaults": 0,
    "dirsync": MS_DIRSYNC,
    "lazytime": MS_LAZYTIME,
    "mand": MS_MANDLOCK,
    "noatime": MS_NOATIME,
    "nodev": MS_NODEV,
    "nodiratime": MS_NODIRATIME,
    "noexec": MS_NOEXEC,
    "nosuid": MS_NOSUID,
    "nosymfollow": MS_NOSYMFOLLOW,
    "rbind": MS_BIND | MS_REC,
    "relatime": MS_RELATIME,
    "remount": MS_REMOUNT,
    "ro": MS_RDONLY,
    "strictatime": MS_STRICTATIME,
    "sync": MS_SYNCHRONOUS,
}
_CLEAR: Final = {
    "async": MS_SYNCHRONOUS,
    "atime": MS_NOATIME,
    "dev": MS_NODEV,
    "diratime": MS_NODIRATIME,
    "exec": MS_NOEXEC,
    "nolazytime": MS_LAZYTIME,
    "nomand": MS_MANDLOCK,
    "norelatime": MS_RELATIME,
    "nostrictatime": MS_STRICTATIME,
    "rw": MS_RDONLY,
    "suid": MS_NOSUID,
    "symfollow": MS_NOSYMFOLLOW,
}
_PROPAGATION: Final = {
    "private": MS_PRIVATE,
    "rprivate": MS_PRIVATE | MS_REC,
    "shared": MS_SHARED,
    "rshared": MS_SHARED | MS_REC,
    "slave": MS_SLAVE,
    "rslave": MS_SLAVE | MS_REC,
    "unbindable": MS_UNBINDABLE,
    "runbindable": MS_UNBINDABLE | MS_REC,
}
# Handed to the kernel unread, each would fail with a bare EINVAL, or be believed to work.
_REFUSED: Final = {
    "loop": "loop devices are not supported: mount the image and pass a bind",
    "uidmap": "id-mapped mounts are not supported",
    "gidmap": "id-mapped mounts are not supported",
}
# For containerd's own mount manager (since 2.1), which has done its part when a shim reads them.
_CONTAINERDS_OWN: Final = "X-containerd."


@dataclass(frozen=True, slots=True)
class MountOptions:
    flags: int = 0
    cleared: int = 0  # flags that were asked to be off, whatever the source of a bind has
    propagation: int = 0
    data: tuple[str, ...] = ()  # the file system's own options, in order


def parse(options: tuple[str, ...]) -> Result[MountOptions, MountFailed]:
    """Sorts `options`; of two that contradict each other the later one counts."""
    flags = cleared = propagation = 0
    data: list[str] = []
    for option in options:
        name = option.partition("=")[0]
        if option in _SET:
            flags, cleared = flags | _SET[option], cleared & ~_SET[option]
        elif option in _CLEAR:
            flags, cleared = flags & ~_CLEAR[option], cleared | _CLEAR[option]
        elif option in _PROPAGATION:
            propagation = _PROPAGATION[option]
        elif name in _REFUSED:
            return Failure(MountFailed(f"option {option!r}: {_REFUSED[name]}"))
        elif option and not option.startswith(_CONTAINERDS_OWN):
            data.append(option)
    return Success(MountOptions(flags, cleared, propagation, tuple(data)))
