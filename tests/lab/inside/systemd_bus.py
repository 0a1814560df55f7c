"""Transient units over D-Bus, for the findings: systemd alone, no code of the project.

Runs inside a machine, with the machine's Python.
"""

import asyncio
import subprocess
from collections import defaultdict
from typing import Final, Self

from dbus_next.aio.message_bus import MessageBus
from dbus_next.constants import BusType, MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

MANAGER: Final = "org.freedesktop.systemd1.Manager"
JOBS: Final = f"type='signal',interface='{MANAGER}',member='JobRemoved'"
UNITS: Final = (
    "type='signal',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
    "path_namespace='/org/freedesktop/systemd1/unit'"
)
# No job of these experiments takes longer than a second; a minute is a machine that hangs.
DEADLINE_SECONDS: Final = 60

Properties = dict[str, Variant]


def command(*argv: str) -> Properties:
    """ExecStart= as the bus wants it: path, arguments, and whether failure is to be ignored."""
    return {"ExecStart": Variant("a(sasb)", [[argv[0], list(argv), False]])}


def shown(unit: str, *names: str) -> dict[str, str]:
    """What `systemctl show` says of the unit, for a missing one too."""
    listing = subprocess.run(
        ["systemctl", "show", unit, *(f"--property={name}" for name in names)],
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in listing.stdout.splitlines())


class Systemd:
    """One connection to the system bus, which references taken with AddRef live as long as."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        loop = asyncio.get_running_loop()
        # A job may be over before the reply that names it has been read.
        self._results: defaultdict[str, asyncio.Future[str]] = defaultdict(loop.create_future)
        self._changed = asyncio.Condition()
        self._wakers: set[asyncio.Task[None]] = set()

    @classmethod
    async def connect(cls) -> Self:
        """Connects and asks for the manager's signals."""
        bus = await MessageBus(bus_type=BusType.SYSTEM, negotiate_unix_fd=True).connect()
        self = cls(bus)
        bus.add_message_handler(self._signal)
        for rule in (JOBS, UNITS):
            await bus.call(
                Message(
                    destination="org.freedesktop.DBus",
                    path="/org/freedesktop/DBus",
                    interface="org.freedesktop.DBus",
                    member="AddMatch",
                    signature="s",
                    body=[rule],
                )
            )
        await self._call("Subscribe", "", [])
        return self

    async def start(
        self, unit: str, properties: Properties, descriptors: tuple[int, ...] = ()
    ) -> str:
        """Starts a transient unit and returns how its job ended ("done", "failed", …)."""
        body: list[object] = [
            unit,
            "fail",
            [[name, value] for name, value in properties.items()],
            [],
        ]
        return await self._job("StartTransientUnit", "ssa(sv)a(sa(sv))", body, descriptors)

    async def stop(self, unit: str) -> str:
        """Stops a unit, as `systemctl stop` does, and returns how the job ended."""
        return await self._job("StopUnit", "ss", [unit, "replace"])

    async def ended(self, unit: str, *facts: str) -> dict[str, str]:
        """The facts about a unit once its main process has ended (RemainAfterExit= keeps it)."""
        async with asyncio.timeout(DEADLINE_SECONDS), self._changed:
            while shown(unit, "SubState")["SubState"] == "running":
                await self._changed.wait()
        return shown(unit, *facts)

    async def _job(
        self, member: str, signature: str, body: list[object], descriptors: tuple[int, ...] = ()
    ) -> str:
        (path,) = await self._call(member, signature, body, descriptors)
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await self._results[str(path)]

    async def _call(
        self, member: str, signature: str, body: list[object], descriptors: tuple[int, ...] = ()
    ) -> list[object]:
        reply = await self._bus.call(
            Message(
                destination="org.freedesktop.systemd1",
                path="/org/freedesktop/systemd1",
                interface=MANAGER,
                member=member,
                signature=signature,
                body=body,
                unix_fds=list(descriptors),
            )
        )
        assert reply is not None
        assert reply.message_type is MessageType.METHOD_RETURN, reply.body
        return list(reply.body)

    def _signal(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.member == "JobRemoved":
            _, path, _, result = message.body
            self._results[path].set_result(result)
        if message.message_type is MessageType.SIGNAL and message.member == "PropertiesChanged":
            waker = asyncio.create_task(self._wake())
            self._wakers.add(waker)
            waker.add_done_callback(self._wakers.discard)

    async def _wake(self) -> None:
        async with self._changed:
            self._changed.notify_all()
