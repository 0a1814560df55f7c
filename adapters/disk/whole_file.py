"""Replacing a file whole: after a crash at any point it is the old one or the new (S30)."""

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

TEMPORARY: Final = ".tmp"

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW


def replace(path: Path, data: bytes, like: os.stat_result | None = None) -> None:
    """Writes `path` anew, mode 0600, or with the mode and owner of `like`. `OSError` if it cannot.

    The new content is on the disk before the name leads to it. The name itself is only after
    `sync_folder`. Of two at the same time one fails.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()  # left by one that was killed
    fd = os.open(temporary, _NEW, 0o600)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor
            if like is not None:
                os.fchown(fd, like.st_uid, like.st_gid)
                os.fchmod(fd, stat.S_IMODE(like.st_mode))
            file.write(data)
            file.flush()
            os.fsync(fd)
        temporary.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Makes names in the folder outlive a crash of the machine. `OSError` if it cannot."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
