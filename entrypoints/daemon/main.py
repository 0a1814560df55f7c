"""`serve`: from the descriptors that systemd hands over to an orderly end."""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

from adapters import journal
from adapters.cgroup_moves import CgroupMoves
from adapters.container_log import ContainerLogHandler
from adapters.predecessor import predecessors_end
from adapters.task_service.service import Served, services
from adapters.telemetry import configured
from adapters.ttrpc import Peer, Server, listen
from adapters.ttrpc.peer import peer_is_ourselves
from domain.ports.log import Level
from domain.use_cases.start_up import start_up
from entrypoints import places
from entrypoints.daemon.activation import Notifier, take_sockets
from entrypoints.daemon.composition import SystemdUnreachableError, real_ports, shim
from entrypoints.daemon.control import Control
from entrypoints.daemon.namespaces import NamespaceSockets

# Calls that wait for an exit are asked again by their clients; others are done sooner.
GRACE_SECONDS: Final = 2.0

_log = logging.getLogger(__name__)


def main() -> None:
    """The daemon's command line, as its unit runs it."""
    parser = argparse.ArgumentParser(
        prog="containerd-shim-systemd", description="Serves containers that run as systemd units."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="run the daemon (systemd starts it)")
    serving.add_argument("--run-folder", default=places.RUN_FOLDER)
    serving.add_argument("--containerd-address", default="", help="for what the unit was made")
    serving.add_argument("--debug", action="store_true")
    arguments = parser.parse_args()
    logs = journal.install(Level.DEBUG if arguments.debug else Level.INFO)
    try:
        asyncio.run(_serve(arguments.run_folder, logs))
    except SystemdUnreachableError as why:
        _log.error("cannot serve: %s", why)
        sys.exit(1)


async def _serve(run_folder: str, logs: ContainerLogHandler) -> None:
    notifier = Notifier()
    control_socket = _control_socket(run_folder)
    stop = _stop_signal()
    async with AsyncExitStack() as stack:
        tracing = configured.tracing()
        stack.callback(tracing.close)
        ports = await stack.enter_async_context(real_ports(run_folder))
        the_shim = await shim(configured.traced(ports, tracing), run_folder)
        await predecessors_end(places.SERVICE_UNIT)
        await start_up(the_shim)
        for container in the_shim.containers.values():
            logs.attach(container.owner, container.bundle)
        moves = CgroupMoves()
        stack.push_async_callback(moves.aclose)
        served = Served(the_shim, tracing, logs, process_expected=moves.expect)
        server = Server(services(served), accept=partial(_accept, moves))
        stack.push_async_callback(server.close, GRACE_SECONDS)
        namespaces = NamespaceSockets(server, run_folder)
        namespaces.open_all(owner.namespace for owner in the_shim.containers)
        control = Control(the_shim, namespaces)
        stack.push_async_callback(control.close)
        await control.serve(control_socket)
        notifier.say("READY=1", f"STATUS=serving {len(the_shim.containers)} containers")
        await _until(stop, notifier)
        notifier.say("STOPPING=1")


def _accept(moves: CgroupMoves, peer: Peer) -> bool:
    is_ours = peer_is_ourselves(peer)
    if is_ours:
        moves.expect()  # a `start` that looks whether we listen is some 3 ms ahead of its Create
    return is_ours


def _control_socket(run_folder: str) -> socket.socket:
    """systemd's activation socket; without one (a test, a person trying) one of our own."""
    for sockets in take_sockets().values():
        for each in sockets:
            return each
    path = places.control_socket(run_folder)
    Path(path).unlink(missing_ok=True)
    return listen(path)


def _stop_signal() -> asyncio.Event:
    """TERM and INT end the daemon in order, with exit status 0 (D48)."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _until(stop: asyncio.Event, notifier: Notifier) -> None:
    """Feeds the watchdog from the loop itself: a loop that hangs feeds nobody."""
    feed_every = notifier.watchdog_seconds / 2 or None
    while not stop.is_set():
        notifier.say("WATCHDOG=1")
        try:
            await asyncio.wait_for(stop.wait(), feed_every)
        except TimeoutError:
            continue
