"""What containerd itself logs about a container: lines written to the FIFO BUNDLE/log.

containerd copies them to its own log (task-api.md 2.8), so they have the form of logrus. The FIFO
may be absent, without a reader or full, and none of that holds anything up (T204, D29).
"""

import json
import logging
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters import log_fields, without_blocking
from domain.identity import ContainerKey

RUNTIME: Final = "io.containerd.systemd.v1"

_OPEN: Final = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
_LEVELS: Final = (
    (logging.ERROR, "error"),
    (logging.WARNING, "warning"),
    (logging.INFO, "info"),
)
# What logrus writes without quotes.
_BARE: Final = re.compile(r"[A-Za-z0-9._/@^+-]+")
_NAMES: Final = {"CONTAINERD_NAMESPACE": "namespace", "CONTAINER_ID": "id", "EXEC_ID": "exec"}


@dataclass(slots=True)
class _Bundle:
    path: str
    dropped: int = 0


class ContainerLogHandler(logging.Handler):
    """Sends each record that is about a known container to that container's bundle.

    The FIFO is opened for each line: an open one would be a descriptor for each container.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bundles: dict[ContainerKey, _Bundle] = {}

    def attach(self, owner: ContainerKey, bundle: str) -> None:
        """From now on the container's lines go there; before Create's first, or on recovery."""
        self._bundles[owner] = _Bundle(f"{bundle}/log")

    def detach(self, owner: ContainerKey) -> None:
        self._bundles.pop(owner, None)

    def emit(self, record: logging.LogRecord) -> None:
        key = log_fields.of(record)
        owner = log_fields.owner_of(key)
        bundle = None if owner is None else self._bundles.get(owner)
        if bundle is None:
            return
        fields = {_NAMES[name]: value for name, value in log_fields.fields_of(key).items()}
        try:
            text = line(record, fields)
        except Exception:  # noqa: BLE001 - a line that cannot be made; the journal says so
            return
        _write(bundle, text)


def line(record: logging.LogRecord, fields: Mapping[str, str]) -> str:
    """A record in logrus's text form, with the fields behind the message."""
    at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
    level = next((name for least, name in _LEVELS if record.levelno >= least), "debug")
    words = {"time": at, "level": level, "msg": _message(record), "runtime": RUNTIME, **fields}
    return " ".join(f"{key}={_quoted(value)}" for key, value in words.items()) + "\n"


def _message(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return record.getMessage()
    # The traceback is in the journal.
    return f"{record.getMessage()}: {record.exc_info[1]!r}"


def _quoted(text: str) -> str:
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _write(bundle: _Bundle, text: str) -> None:
    try:
        fd = os.open(bundle.path, _OPEN)
    except OSError:  # ENXIO: nobody reads it; ENOENT: there is none
        return
    try:
        if not stat.S_ISFIFO(os.fstat(fd).st_mode):
            return
        if bundle.dropped:
            text = text.rstrip("\n") + f" dropped_before={bundle.dropped}\n"
        if without_blocking.write(fd, without_blocking.fitted(text)):
            bundle.dropped = 0
        else:
            bundle.dropped += 1
    finally:
        os.close(fd)
