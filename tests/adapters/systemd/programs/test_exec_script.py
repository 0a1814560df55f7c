"""Which runc an exec is begun with: the daemon's copy of it, as long as it is one."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest

from adapters.systemd.host import PROGRAMS

SAYS_WHO_IT_IS: Final = '#!/bin/sh\necho "$0 $*"\n'
AN_HOUR_NS: Final = 3_600_000_000_000


class Place:
    """A folder on the PATH with a runc, and a copy of it elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.runc = folder / "bin" / "runc"
        self.copy = folder / "sealed" / "runc"
        for program in (self.runc, self.copy):
            program.parent.mkdir()
            program.write_text(SAYS_WHO_IT_IS)
            program.chmod(0o755)
        self.age(self.copy, self.runc.stat().st_mtime_ns)

    def age(self, program: Path, at_ns: int) -> None:
        os.utime(program, ns=(at_ns, at_ns))

    def begun(self, name: str, copy: Sequence[str] | None = None) -> str:
        """What runs as `name exec`, in its own words."""
        script = ("/bin/sh", str(PROGRAMS / "exec.sh"), "/bin/true", "reaper")
        named = (str(self.copy), str(self.runc)) if copy is None else copy
        files = (*named, "process file", "gate", "pid")
        ended = subprocess.run(
            [*script, *files, "--", name, "exec"],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": f"{self.runc.parent}:{os.environ['PATH']}"},
        )
        return ended.stdout.strip()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_copy_is_what_begins(place: Place) -> None:
    assert place.begun("runc") == f"{place.copy} exec"


CHANGES: Final[dict[str, Callable[[Place], None]]] = {
    "there is no copy": lambda place: place.copy.unlink(),
    "its daemon has gone": lambda place: place.copy.chmod(0o000),
    "runc is newer": lambda place: place.age(
        place.runc, place.copy.stat().st_mtime_ns + AN_HOUR_NS
    ),
    "runc is another, and older": lambda place: place.age(
        place.runc, place.copy.stat().st_mtime_ns - AN_HOUR_NS
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_else_runc_itself(place: Place, change: Callable[[Place], None]) -> None:
    change(place)
    assert place.begun("runc") == f"{place.runc} exec"


def test_a_runtime_that_the_container_names_is_never_replaced(place: Place) -> None:
    assert place.begun(str(place.runc)) == f"{place.runc} exec"


def test_nor_is_a_runc_that_was_taken_off(place: Place) -> None:
    place.runc.unlink()
    assert not place.begun("runc").startswith(str(place.copy))


def test_a_daemon_of_before_an_upgrade_names_no_copy_and_gets_its_execs(place: Place) -> None:
    assert place.begun("runc", copy=()) == f"{place.runc} exec"
