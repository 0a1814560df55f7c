"""What systemd still knows of a program whose unit was stopped. Prints one JSON object.

Each program is stopped twice: while nobody refers to its unit, and while this connection does.
"""

import asyncio
import json
from typing import Final

from dbus_next.signature import Variant

from tests.lab.inside.systemd_bus import Systemd, command, shown

FACTS: Final = ("LoadState", "ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
# Each is ready once a TERM means what it should: a stop before that proves nothing.
TAKES_TERM: Final = """
import os, signal, subprocess
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
subprocess.run(["systemd-notify", "--ready"])
signal.sigwait({signal.SIGTERM})
os._exit(STATUS)
"""
PROGRAMS: Final = {
    "exits with 3": ("/usr/bin/python3", "-IS", "-c", TAKES_TERM.replace("STATUS", "3")),
    "exits with 0": ("/usr/bin/python3", "-IS", "-c", TAKES_TERM.replace("STATUS", "0")),
    "dies by TERM": ("/bin/sh", "-c", "systemd-notify --ready; exec sleep 1000"),
}


async def life(
    systemd: Systemd, unit: str, program: tuple[str, ...], *, add_ref: bool
) -> dict[str, str]:
    """Starts and stops the unit, and returns what is left of it."""
    properties = {
        "Type": Variant("s", "notify"),
        "NotifyAccess": Variant("s", "all"),
        "RemainAfterExit": Variant("b", True),
        **command(*program),
    }
    if add_ref:
        properties["AddRef"] = Variant("b", True)
    assert await systemd.start(unit, properties) == "done"
    assert await systemd.stop(unit) == "done"
    return shown(unit, *FACTS)


async def main() -> None:
    """All programs, with and without a reference."""
    systemd = await Systemd.connect()
    found = {}
    for number, (end, program) in enumerate(PROGRAMS.items()):
        found[end] = {
            "alone": await life(systemd, f"finding-stop-{number}.service", program, add_ref=False),
            "referred to": await life(
                systemd, f"finding-stop-ref-{number}.service", program, add_ref=True
            ),
        }
    print(json.dumps(found))  # noqa: T201


asyncio.run(main())
