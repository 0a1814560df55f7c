"""Saves a record again and again, and dies one step later each time.

A step is the begin or the end of a function that enters the kernel: all of `os`, and what files do.

Usage: dying_saver.py STATE. Prints how often it died, and how often the old and the new record
was found then. A program of its own, because it forks.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from adapters.disk.records import DiskRecords
from tests.contracts.records_contract import WEB

NEW = replace(WEB, deleted=True)


def save_and_die_after(records: DiskRecords, calls: int) -> bool:
    """True if the save was through before so many steps."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(_frame: FrameType, event: str, function: Any) -> None:
            nonlocal seen
            seen += event in {"c_call", "c_return"} and _enters_the_kernel(function)
            if seen > calls:
                os._exit(9)

        sys.setprofile(count)
        records._save(NEW)
        sys.setprofile(None)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    return status == 0


def _enters_the_kernel(function: Any) -> bool:
    of = getattr(function, "__self__", None)
    return function.__module__ == os.name or type(of).__module__ == "_io"


def main() -> None:
    records = DiskRecords(Path(sys.argv[1]))
    found = {WEB: 0, NEW: 0}
    deaths = 0
    records._save(WEB)
    while not save_and_die_after(records, deaths):
        (record,) = records._read_all()
        found[record] += 1
        deaths += 1
        records._save(WEB)
    print(deaths, found[WEB], found[NEW])  # noqa: T201


if __name__ == "__main__":
    main()
