"""When does a client that reads a unit's stdout FIFO see its end? Prints one JSON object.

argv: "path" names the FIFO to systemd, "descriptor" passes an open write end of it.
"""

import asyncio
import json
import os
import select
import sys
import tempfile
from pathlib import Path

from dbus_next.signature import Variant

from tests.lab.inside.systemd_bus import DEADLINE_SECONDS, Properties, Systemd, command, shown


def at_end(reader: int, wait_seconds: float) -> bool:
    """Whether the reader is told of the end within the time; reads what comes before it."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    while poll.poll(wait_seconds * 1000):
        if not os.read(reader, 4096):
            return True
    return False


async def main(way: str) -> None:
    """One life of a unit that prints a line, seen by its reader."""
    unit = f"finding-stdout-{way}.service"
    fifo = Path(tempfile.mkdtemp(prefix="finding-", dir="/run"), "stdout")
    os.mkfifo(fifo)
    # Stands for the daemon: without a reader systemd's open for writing would wait for one.
    holder = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    client = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    # A oneshot's job is done when its program has ended.
    properties: Properties = {
        "Type": Variant("s", "oneshot"),
        "RemainAfterExit": Variant("b", True),
        **command("/bin/echo", "hello"),
    }
    systemd = await Systemd.connect()
    if way == "path":
        properties["StandardOutputFile"] = Variant("s", str(fifo))
        job = await systemd.start(unit, properties)
    else:
        writer = os.open(fifo, os.O_WRONLY)
        properties["StandardOutputFileDescriptor"] = Variant("h", 0)
        job = await systemd.start(unit, properties, (writer,))
        os.close(writer)
    state = shown(unit, "ActiveState", "SubState")
    # The end may be a moment behind the job's; where systemd keeps the FIFO open it never comes.
    while_active = at_end(client, DEADLINE_SECONDS if way == "path" else 1)
    still = shown(unit, "ActiveState", "SubState")
    await systemd.stop(unit)
    print(  # noqa: T201
        json.dumps(
            {
                "job": job,
                "state": state,
                "still": still,
                "end while active": while_active,
                "end after stop": while_active or at_end(client, DEADLINE_SECONDS),
            }
        )
    )
    os.close(holder)
    os.close(client)


asyncio.run(main(sys.argv[1]))
