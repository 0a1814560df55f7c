"""Where the rules meet the world: the only place that knows every adapter."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from adapters.cgroups import LinuxCgroups
from adapters.clock import SystemClock
from adapters.concurrency import AsyncioConcurrency
from adapters.disk.bundle import DiskBundles
from adapters.disk.records import DiskRecords
from adapters.events.publisher import TtrpcPublisher
from adapters.journal import LoggingLog
from adapters.mounts.rootfs import LinuxMounts
from adapters.processes import LinuxProcesses
from adapters.runc import sealed_copy
from adapters.runc.oci_runtime import OciRuntime
from adapters.runc.sealed_copy import SealedCopy
from adapters.stdio import console_socket
from adapters.stdio.fifo import LinuxFifos
from adapters.stdio.inotify import Inotify
from adapters.stdio.terminals import LinuxTerminals
from adapters.systemd.host import host_facts
from adapters.systemd.units import SystemdUnits
from domain.outcome import failed
from domain.shim import Ports, Shim
from domain.unit_definition import Host
from entrypoints import places


class SystemdUnreachableError(Exception):
    """Without systemd there is nothing to serve; the service manager tries again."""


@asynccontextmanager
async def real_ports(run_folder: str) -> AsyncIterator[Ports]:
    """All adapters, connected; whatever they hold is closed at the end, last made first."""
    async with AsyncExitStack() as stack:
        clock, log = SystemClock(), LoggingLog()
        consoles = Path(places.consoles_folder(run_folder))
        console_socket.sweep(consoles)  # what a killed daemon has left there
        units = await stack.enter_async_context(SystemdUnits())
        records = DiskRecords(Path(places.records_folder(run_folder)))
        stack.callback(records.close)
        publisher = TtrpcPublisher(clock)
        stack.callback(publisher.close)
        inotify = Inotify()
        stack.callback(inotify.close)
        path, copied = _copy_of_runc(run_folder)
        await stack.enter_async_context(SealedCopy(Path(path), copied))
        concurrency = AsyncioConcurrency()
        # Before the adapters go, the rules that use them end.
        stack.push_async_callback(concurrency.aclose)
        yield Ports(
            units=units,
            runc=OciRuntime(os.environ),
            bundles=DiskBundles(),
            records=records,
            mounts=LinuxMounts(),
            fifos=LinuxFifos(log, inotify),
            terminals=LinuxTerminals(log, inotify, consoles),
            cgroups=LinuxCgroups(),
            processes=LinuxProcesses(),
            publisher=publisher,
            concurrency=concurrency,
            clock=clock,
            log=log,
        )


async def host(run_folder: str) -> Host:
    facts = await host_facts(places.SERVICE_UNIT, _copy_of_runc(run_folder))
    if failed(facts):
        raise SystemdUnreachableError(str(facts.failure()))
    return facts.unwrap()


def _copy_of_runc(run_folder: str) -> tuple[str, str]:
    """Where it is, and of what it is one."""
    return places.sealed_runc(run_folder), sealed_copy.source()


async def shim(ports: Ports, run_folder: str) -> Shim:
    return Shim(ports, await host(run_folder))
