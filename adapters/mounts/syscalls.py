"""Mount calls of the kernel as Python functions; each raises OSError and says which call failed.

mount(2), umount2(2), openat2(2), and the mount API of Linux 5.2 (fsopen(2) and its kin). The
newer calls have no wrapper in the C libraries of Debian 12; their numbers are the same on every
architecture but alpha, which Debian does not release.
"""

import contextlib
import ctypes
import os
from typing import Final

from adapters.mounts.libc import LIBC, oserror

AT_FDCWD: Final = -100
AT_SYMLINK_NOFOLLOW: Final = 0x100
CLONE_FS: Final = 0x00000200
FSCONFIG_CMD_CREATE: Final = 6
FSCONFIG_SET_FLAG: Final = 0
FSCONFIG_SET_STRING: Final = 1
FSMOUNT_CLOEXEC: Final = 1
FSOPEN_CLOEXEC: Final = 1
MNT_DETACH: Final = 2
MOVE_MOUNT_F_EMPTY_PATH: Final = 0x04
MOVE_MOUNT_T_EMPTY_PATH: Final = 0x40
OPEN_TREE_CLOEXEC: Final = os.O_CLOEXEC
OPEN_TREE_CLONE: Final = 1
RESOLVE_IN_ROOT: Final = 0x10
RESOLVE_NO_MAGICLINKS: Final = 0x02
UMOUNT_NOFOLLOW: Final = 8

NR_FSCONFIG: Final = 431
NR_FSMOUNT: Final = 432
NR_FSOPEN: Final = 430
NR_MOVE_MOUNT: Final = 429
NR_OPEN_TREE: Final = 428
NR_OPENAT2: Final = 437

# One message of a file system context's log; the kernel cuts longer ones (fs/fs_context.c).
_LOG_MESSAGE_MAX: Final = 1024


def mount(source: str, target: str, kind: str, flags: int, data: str) -> None:
    if LIBC.mount(
        os.fsencode(source),
        os.fsencode(target),
        os.fsencode(kind),
        flags,
        os.fsencode(data) if data else None,
    ):
        oserror("mount", source)


def unmount(target: str) -> None:
    """Takes the topmost mount off `target`, at once, however busy it is (F106)."""
    if LIBC.umount2(os.fsencode(target), MNT_DETACH | UMOUNT_NOFOLLOW):
        oserror("umount2", target)


def unshare_working_directory() -> None:
    """From now on this thread's chdir(2) is its own business (unshare(2), CLONE_FS)."""
    if LIBC.unshare(CLONE_FS):
        oserror("unshare")


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def open_in_root(root: int, path: str) -> int:
    """An O_PATH descriptor of `path` as somebody confined to `root` would find it.

    Symbolic links and `..` end at `root`: a container image cannot lead a mount outside.
    """
    how = _OpenHow(os.O_PATH | os.O_CLOEXEC, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
    found = int(
        LIBC.syscall(
            ctypes.c_long(NR_OPENAT2),
            ctypes.c_int(root),
            ctypes.c_char_p(os.fsencode(path.lstrip("/") or ".")),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
    )
    return found if found >= 0 else oserror("openat2", path)


def fsopen(kind: str) -> int:
    """A new file system context, to be closed by the caller."""
    context = int(
        LIBC.syscall(
            ctypes.c_long(NR_FSOPEN),
            ctypes.c_char_p(os.fsencode(kind)),
            ctypes.c_uint(FSOPEN_CLOEXEC),
        )
    )
    return context if context >= 0 else oserror("fsopen", kind)


def fsconfig(context: int, key: str, value: str | None) -> None:
    """Sets one option: a flag without a value, else a string of at most 255 bytes."""
    command = FSCONFIG_SET_FLAG if value is None else FSCONFIG_SET_STRING
    _fsconfig(context, command, key, value)


def fsconfig_create(context: int) -> None:
    _fsconfig(context, FSCONFIG_CMD_CREATE, None, None)


def _fsconfig(context: int, command: int, key: str | None, value: str | None) -> None:
    if LIBC.syscall(
        ctypes.c_long(NR_FSCONFIG),
        ctypes.c_int(context),
        ctypes.c_uint(command),
        ctypes.c_char_p(None if key is None else os.fsencode(key)),
        ctypes.c_char_p(None if value is None else os.fsencode(value)),
        ctypes.c_int(0),
    ):
        number = ctypes.get_errno()  # before the log is read, which sets another
        said = _log_of(context) or os.strerror(number)
        raise OSError(number, f"fsconfig: {said}", value or key)


def _log_of(context: int) -> str:
    """What the file system itself says of a refusal; each read takes one message (fsopen(2))."""
    said: list[str] = []
    with contextlib.suppress(OSError):  # ENODATA: all has been read
        while message := os.read(context, _LOG_MESSAGE_MAX):
            said.append(os.fsdecode(message).strip())
    return "; ".join(said)


def fsmount(context: int, attributes: int) -> int:
    """The mount itself, attached nowhere yet; gone when its descriptor is closed."""
    tree = int(
        LIBC.syscall(
            ctypes.c_long(NR_FSMOUNT),
            ctypes.c_int(context),
            ctypes.c_uint(FSMOUNT_CLOEXEC),
            ctypes.c_uint(attributes),
        )
    )
    return tree if tree >= 0 else oserror("fsmount")


def clone_link(path: str) -> int:
    """A mount of what lies at `path`, and be it a symbolic link: of that itself; as `fsmount`."""
    tree = int(
        LIBC.syscall(
            ctypes.c_long(NR_OPEN_TREE),
            ctypes.c_int(AT_FDCWD),
            ctypes.c_char_p(os.fsencode(path)),
            ctypes.c_uint(OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW),
        )
    )
    return tree if tree >= 0 else oserror("open_tree", path)


def attach(tree: int, target: int) -> None:
    """Puts a mount onto the folder, or the file, that `target` is open on."""
    if LIBC.syscall(
        ctypes.c_long(NR_MOVE_MOUNT),
        ctypes.c_int(tree),
        ctypes.c_char_p(b""),
        ctypes.c_int(target),
        ctypes.c_char_p(b""),
        ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
    ):
        oserror("move_mount")
