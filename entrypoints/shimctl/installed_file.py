"""Files of an installation: written whole, and only when they differ."""

import os
import tempfile
from pathlib import Path

from returns.result import Failure, Result, Success

from entrypoints.shimctl.installation import File


def write(file: File) -> Result[bool, str]:
    """Puts the file there; True when that changed anything.

    Whoever reads meanwhile sees the old text or the new, and after a crash too: it is synced
    before it takes the name (D51, D52).
    """
    try:
        if is_current(file):
            return Success(False)
        file.path.parent.mkdir(parents=True, exist_ok=True)
        _replace(file)
    except OSError as error:
        return Failure(f"cannot write {file.path}: {error.strerror}")
    return Success(True)


def is_current(file: File) -> bool:
    """Whether exactly this is there already."""
    try:
        status = file.path.stat()
        text = file.path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    return text == file.text and status.st_mode & 0o7777 == file.mode


def remove(path: Path) -> Result[bool, str]:
    """Takes the file away; True when there was one."""
    try:
        path.unlink()
    except FileNotFoundError:
        return Success(False)
    except OSError as error:
        return Failure(f"cannot remove {path}: {error.strerror}")
    return Success(True)


def _replace(file: File) -> None:
    descriptor, draft = tempfile.mkstemp(prefix=f".{file.path.name}.", dir=file.path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(file.text)
            stream.flush()
            os.fchmod(descriptor, file.mode)
            os.fsync(descriptor)
        Path(draft).rename(file.path)
    except OSError:
        Path(draft).unlink(missing_ok=True)
        raise
