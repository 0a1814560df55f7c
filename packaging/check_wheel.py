"""Fails unless a wheel puts one package and its metadata into site-packages, and nothing else.

A folder left behind by another build tool, or a careless line in pyproject.toml, would give
everybody's site-packages a module called `domain`.
"""

import sys
import zipfile
from typing import Final

PACKAGE: Final = "containerd_shim_systemd"


def foreign_names(wheel: str) -> set[str]:
    """The top-level names in the wheel that are not ours."""
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/", 1)[0] for name in archive.namelist()}
    return {
        name
        for name in top
        if name != PACKAGE and not (name.startswith(f"{PACKAGE}-") and name.endswith(".dist-info"))
    }


def main() -> int:
    """Checks the one wheel that the command line names."""
    (wheel,) = sys.argv[1:]
    foreign = foreign_names(wheel)
    for name in sorted(foreign):
        sys.stderr.write(f"{wheel} would install {name} at the top level\n")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main())
