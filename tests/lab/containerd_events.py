"""containerd's event stream, as `ctr events` shows it."""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.lab.containers import PATIENCE_SECONDS
from tests.lab.root import InsideProcess, Root


@dataclass(frozen=True, slots=True)
class Event:
    namespace: str
    topic: str
    fields: dict[str, Any]

    @property
    def container(self) -> str:
        return str(self.fields.get("container_id", ""))

    @property
    def short(self) -> str:
        """The topic, with the exec's id where the event is about one: `exit:EXEC`."""
        word = self.topic.removeprefix("/tasks/")
        subject = self.fields.get("exec_id") or self.fields.get("id") or self.container
        return word if subject == self.container else f"{word}:{subject}"


@dataclass(slots=True)
class Events:
    """What has been heard since the block began."""

    _root: Root
    _lines: queue.SimpleQueue[str]
    _marks: int = 0
    _heard: list[Event] = field(default_factory=list)

    def of(self, container: str) -> list[Event]:
        """All task events of this container that containerd has sent up to now."""
        self.catch_up()
        return [
            event
            for event in self._heard
            if event.topic.startswith("/tasks/") and event.container == container
        ]

    def until(self, container: str, topic: str) -> list[Event]:
        """Waits for an event of this topic; all of the container's up to it."""
        while not any(e.container == container and e.topic == topic for e in self._heard):
            self._hear()
        return [event for event in self._heard if event.container == container]

    def catch_up(self) -> None:
        """Everything that containerd sent before now has been heard."""
        self._marks += 1
        mark = f"mark{self._marks}"
        self._root.run("ctr", "namespaces", "create", mark, check=True)
        self._root.run("ctr", "namespaces", "remove", mark, check=True)
        while not _is_mark(self._hear(), mark):
            pass

    def subscribed(self) -> None:
        """Returns when `ctr events` is known to listen: it says nothing before its first event."""
        for _ in range(PATIENCE_SECONDS):
            self._root.run("ctr", "namespaces", "create", "listening", check=True)
            self._root.run("ctr", "namespaces", "remove", "listening", check=True)
            try:
                self._lines.get(timeout=1)
            except queue.Empty:
                continue
            return
        raise AssertionError("ctr events hears nothing")

    def _hear(self) -> Event:
        event = _event(self._lines.get(timeout=PATIENCE_SECONDS))
        self._heard.append(event)
        return event


@contextmanager
def listening(root: Root) -> Iterator[Events]:
    """Runs `ctr events` in the machine while the block lasts."""
    with root.popen("ctr", "events") as ctr:
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        # Ends with the process, whose output it reads.
        threading.Thread(target=_read, args=(ctr, lines), daemon=True).start()
        events = Events(root, lines)
        events.subscribed()
        yield events


def _read(ctr: InsideProcess, lines: queue.SimpleQueue[str]) -> None:
    assert ctr.stdout is not None
    for line in ctr.stdout:
        lines.put(line)


def _event(line: str) -> Event:
    """`2026-11-24 14:35:11.1 +0000 UTC NAMESPACE TOPIC {JSON}`; a namespace may be empty."""
    head, _, body = line.partition("{")
    words = head.split()
    namespace = words[4] if len(words) > 5 else ""
    return Event(namespace, words[-1], json.loads("{" + body))


def _is_mark(event: Event, mark: str) -> bool:
    return event.topic == "/namespaces/delete" and event.fields.get("name") == mark
