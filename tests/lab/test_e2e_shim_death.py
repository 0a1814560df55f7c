"""The daemon is killed under containerd, to which a lost connection is a dead shim.

It runs the binary's `delete`, tells everybody that the task has ended, and forgets it. The daemon
that comes back may tell the same end once more (docs/decisions, 0010), but no other.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Final

import pytest

from tests.lab.containerd_events import Events, listening
from tests.lab.containers import (
    PATIENCE_SECONDS,
    Containers,
    daemon_down,
    end_by_term,
    to_daemon,
)
from tests.lab.root import Root

Death = Callable[[Root], AbstractContextManager[None]]

DELETE: Final = "/tasks/delete"
MANY: Final = 4


@contextlib.contextmanager
def killed(root: Root) -> Iterator[None]:
    """systemd starts it again by itself, and `delete` is the daemon's work."""
    to_daemon(root, "KILL")
    yield


@pytest.fixture(params=[killed, daemon_down])
def death(request: pytest.FixtureRequest) -> Death:
    """How the daemon dies; while it is down `delete` has nobody to ask."""
    chosen: Death = request.param
    return chosen


@pytest.fixture
def forgotten(containers: Containers) -> Iterator[Containers]:
    """Containers whose tasks containerd forgets, so that no client removes its FIFOs as ever."""
    yield containers
    containers.root.shell("rm -rf /run/containerd/fifo/*")


def test_a_running_container_and_its_exec_are_ended_and_nothing_is_left(
    forgotten: Containers, death: Death
) -> None:
    with listening(forgotten.root) as events:
        forgotten.sleep("runs")
        command = forgotten.exec_command("runs", "x", "sh", "-c", "echo up; exec sleep 1000")
        with forgotten.root.popen(*command) as ctr:
            assert ctr.stdout is not None
            assert ctr.stdout.readline() == "up\n"
            with death(forgotten.root):
                _ends_with(events, forgotten, "runs", 137)
            # The program has ended, whatever ctr makes of it.
            assert ctr.stdout.read() == ""
    _id_is_free(forgotten, "runs")


def test_a_paused_container_is_ended_too(forgotten: Containers, death: Death) -> None:
    with listening(forgotten.root) as events:
        forgotten.sleep("frozen")
        forgotten.ctr("tasks", "pause", forgotten.id("frozen"))
        with death(forgotten.root):
            _ends_with(events, forgotten, "frozen", 137)
    _id_is_free(forgotten, "frozen")


@pytest.mark.parametrize("status", [0, 7])
def test_an_end_that_only_systemd_saw_is_told_as_it_was(
    forgotten: Containers, death: Death, status: int
) -> None:
    script = f"trap 'exit {status}' TERM; echo up; sleep 1000 & wait"
    with listening(forgotten.root) as events:
        with forgotten.popen("unseen", "sh", "-c", script) as ctr:
            assert ctr.stdout is not None
            assert ctr.stdout.readline() == "up\n"
            to_daemon(forgotten.root, "STOP")
            end_by_term(forgotten.root, forgotten.unit("unseen"))
            with death(forgotten.root):
                _ends_with(events, forgotten, "unseen", status)
            ctr.wait(PATIENCE_SECONDS)
        told = events.of(forgotten.id("unseen"))
        assert {event.fields.get("exit_status", 0) for event in told[2:]} == {status}


def test_an_end_that_was_told_before_stays_the_same(forgotten: Containers, death: Death) -> None:
    with listening(forgotten.root) as events:
        forgotten.start("told", "sh", "-c", "exit 5")
        forgotten.wait("told")
        with death(forgotten.root):
            _ends_with(events, forgotten, "told", 5)
    _id_is_free(forgotten, "told")


def test_many_containers_are_all_ended_and_nothing_is_left(
    forgotten: Containers, death: Death
) -> None:
    words = [f"many{number}" for number in range(MANY)]
    with listening(forgotten.root) as events:
        for word in words:
            forgotten.sleep(word)
        with death(forgotten.root):
            for word in words:
                _ends_with(events, forgotten, word, 137)


def _ends_with(events: Events, containers: Containers, word: str, status: int) -> None:
    """Waits for the task's removal by containerd: one end is told, and it is this."""
    container = containers.id(word)
    events.until(container, DELETE)
    told = events.of(container)
    assert [event.short for event in told[:2]] == ["create", "start"]
    ends = [event.fields for event in told if event.short in {"exit", "delete"}]
    assert {end.get("exit_status", 0) for end in ends} == {status}
    # Of one process, at one time.
    assert {end["pid"] for end in ends} == {told[0].fields["pid"]}
    assert len({str(end["exited_at"]) for end in ends}) == 1
    assert container not in containers.ctr("tasks", "ls").stdout


def _id_is_free(containers: Containers, word: str) -> None:
    containers.ctr("containers", "rm", containers.id(word))
    assert containers.run(word, "sh", "-c", "exit 3").returncode == 3
