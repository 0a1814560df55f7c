"""Where the code that runs now lies, so that what is installed runs the same."""

import hashlib
import importlib.util
import os
import sys
from compileall import compile_dir
from pathlib import Path
from typing import Final

from entrypoints.shimctl.installation import Program

# Of the private tree, what the daemon and the launcher load.
_PARTS: Final = ("domain", "adapters", "entrypoints")
# What `delete` wants of others' code when it has to do without the daemon.
_NEEDED: Final = ("returns", "typing_extensions")


def program() -> Program:
    """This very installation of the code, with this Python."""
    app = Path(__file__).resolve().parents[2]
    return Program(
        app=app,
        packages=_homes(_NEEDED),
        python=Path(sys.executable),
        digest=digest(app),
    )


def digest(app: Path) -> str:
    """Changes when the code does."""
    found = hashlib.sha256()
    for part in _PARTS:
        for path in sorted((app / part).rglob("*.py")):
            found.update(f"{path.relative_to(app)}\0".encode())
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


def compile_all(app: Path) -> bool:
    """Byte code for everything, since root's daemon may not be able to write it later."""
    done = [compile_dir(app / part, quiet=2) for part in _PARTS]
    return all(done)


def writable_by_others(path: Path) -> Path | None:
    """The first folder on the way to `path` that somebody but root may change, if there is one.

    What lies below it runs as root for every container.
    """
    for folder in (path, *path.parents):
        status = folder.stat()
        is_sticky = bool(status.st_mode & 0o1000)
        if status.st_uid != 0 or (status.st_mode & 0o022 and not is_sticky):
            return folder
    return None


def _homes(modules: tuple[str, ...]) -> tuple[Path, ...]:
    """The folders that these modules are imported from, each once."""
    homes: dict[Path, None] = {}
    for module in modules:
        spec = importlib.util.find_spec(module)
        if spec is None or spec.origin is None:
            continue
        origin = Path(os.path.realpath(spec.origin))
        is_package = spec.submodule_search_locations is not None
        homes[origin.parents[1] if is_package else origin.parent] = None
    return tuple(homes)
