"""The control socket, asked by the very programs that ask it in production."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import pytest
from returns.result import Failure, Result, Success

from adapters.concurrency import AsyncioConcurrency
from adapters.ttrpc import Server, listen
from domain.exit_status import Timestamp
from domain.limits import Seconds
from domain.refusal import MountFailed, NoSuchUnit
from domain.shim import Ports, Shim
from domain.unit import UnitRef, UnitState
from domain.unit_definition import Host
from entrypoints import places
from entrypoints.daemon.control import Control
from entrypoints.daemon.namespaces import NamespaceSockets
from entrypoints.shim.control import Answer, Unanswered, ask

HOST = Host(257, "", ("reaper",), ("subgroup",), "daemon.service")
T = TypeVar("T")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the socket is root's alone")


class NoUnits:
    """systemd has nothing of an unknown container."""

    async def read(self, unit: UnitRef) -> Result[UnitState, NoSuchUnit]:
        return Failure(NoSuchUnit(unit.name))


class NoMounts:
    """What an unknown container's clean-up touches: it takes the mounts off."""

    def __init__(self) -> None:
        self.unmounted: list[str] = []

    async def unmount(self, rootfs: str, within: Seconds) -> Result[None, MountFailed]:
        assert within > 0
        self.unmounted.append(rootfs)
        return Success(None)


class AFixedTime:
    def now(self) -> Timestamp:
        return Timestamp(1_700_000_000_000_000_005)


class Scene:
    """A daemon's control socket in a folder of its own, and somebody who asks in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)
        self.mounts = NoMounts()
        parts = {
            "concurrency": AsyncioConcurrency(),
            "units": NoUnits(),
            "mounts": self.mounts,
            "clock": AFixedTime(),
        }
        self.shim = Shim(cast("Ports", type("SomePorts", (), parts)()), HOST)

    def when(self, question: Callable[[str], T]) -> T:
        """The answer of the daemon that serves while `question` is asked with the socket's path."""
        Path(places.control_socket(self.folder)).unlink(missing_ok=True)  # an earlier daemon's
        return asyncio.run(self._serve(question))

    async def _serve(self, question: Callable[[str], T]) -> T:
        server = Server({})
        namespaces = NamespaceSockets(server, self.folder)
        namespaces.open_all([])
        control = Control(self.shim, namespaces)
        path = places.control_socket(self.folder)
        await control.serve(listen(path))
        try:
            return await asyncio.to_thread(question, path)
        finally:
            await control.close()
            await server.close(0)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_open_makes_the_namespaces_socket_and_answers_its_address(scene: Scene) -> None:
    def question(path: str) -> tuple[Answer | Unanswered, bool]:
        answer = ask(path, "open k8s.io", 5)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(places.namespace_socket(scene.folder, "k8s.io"))
        return answer, True

    answer, connected = scene.when(question)
    assert isinstance(answer, Answer)
    assert answer.text == f"unix://{scene.folder}/s/k8s.io"
    assert connected


def test_a_second_open_answers_the_same_and_changes_nothing(scene: Scene) -> None:
    answers = scene.when(lambda path: [ask(path, "open default", 5) for _ in range(2)])
    texts = [answer.text for answer in answers if isinstance(answer, Answer)]
    assert texts == [f"unix://{scene.folder}/s/default"] * 2


@pytest.mark.parametrize(
    "request_line",
    ["open ../x", "open ", "delete", "delete default", "delete default web relative/path", "what"],
)
def test_nonsense_is_answered_with_an_error_and_touches_nothing(
    scene: Scene, request_line: str
) -> None:
    answer = scene.when(lambda path: ask(path, request_line, 5))
    assert isinstance(answer, Unanswered)
    assert scene.mounts.unmounted == []


def test_deleting_an_unknown_container_takes_its_mounts_off_and_is_told_as_unknown(
    scene: Scene,
) -> None:
    """It runs after every ordinary removal (T077); nobody knows an exit then, and 255 says so."""
    answer = scene.when(lambda path: ask(path, "delete default web /run/a b/web", 5))
    assert isinstance(answer, Answer)
    assert answer.text == "0 255 1700000000 5"
    assert scene.mounts.unmounted == ["/run/a b/web/rootfs"]


def test_somebody_who_says_nothing_holds_nobody_up(scene: Scene) -> None:
    def question(path: str) -> Answer | Unanswered:
        with socket.socket(socket.AF_UNIX) as silent:
            silent.connect(path)
            return ask(path, "open default", 5)

    assert isinstance(scene.when(question), Answer)


def test_an_endless_line_ends_its_connection_alone(scene: Scene) -> None:
    def question(path: str) -> tuple[bytes, Answer | Unanswered]:
        with socket.socket(socket.AF_UNIX) as chatty:
            chatty.connect(path)
            writer = threading.Thread(target=_flood, args=(chatty,))
            writer.start()
            rest = _read_to_end(chatty)
            writer.join()
        return rest, ask(path, "open default", 5)

    rest, answer = scene.when(question)
    assert rest == b""
    assert isinstance(answer, Answer)


def _flood(connection: socket.socket) -> None:
    try:
        connection.sendall(b"x" * 1_000_000)
    except OSError:
        return  # the other side has hung up, as it should


def _read_to_end(connection: socket.socket) -> bytes:
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""


def test_the_end_of_the_daemon_leaves_systemds_socket_file(scene: Scene) -> None:
    scene.when(lambda path: ask(path, "open default", 5))
    assert Path(places.control_socket(scene.folder)).is_socket()


def test_a_daemon_that_comes_back_opens_every_namespace_that_was_open(scene: Scene) -> None:
    scene.when(lambda path: ask(path, "open default", 5))

    def connects(_: str) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(places.namespace_socket(scene.folder, "default"))
        return True

    assert scene.when(connects)
