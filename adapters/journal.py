"""The domain's Log port and the daemon's logging: everything goes to the journal.

The rules' lines and those of the adapters, dbus-next and asyncio come together in the standard
library's logging; from there each is an entry with the fields that an operator filters by:

    journalctl CONTAINERD_NAMESPACE=k8s.io CONTAINER_ID=web
"""

import logging
import traceback
from typing import Final

from adapters import log_fields, without_blocking
from adapters.container_log import ContainerLogHandler
from adapters.journald import Journald, Sent
from domain.identity import ContainerKey, ProcessKey
from domain.ports.log import Level

IDENTIFIER: Final = "containerd-shim-systemd"

STDERR: Final = 2

# syslog(3). There is nobody to wake at night for: nothing is above `err`.
_PRIORITIES: Final = (
    (logging.ERROR, "3"),
    (logging.WARNING, "4"),
    (logging.INFO, "6"),
)
_DEBUG_PRIORITY: Final = "7"

_rules = logging.getLogger("shim")


class LoggingLog:
    """The Log port: hands the rules' lines to the standard library's logging."""

    def write(self, level: Level, about: ProcessKey | ContainerKey | None, text: str) -> None:
        _rules.log(level, "%s", text, extra=log_fields.whom(about), stacklevel=2)


class JournalHandler(logging.Handler):
    """Writes records to the journal, or to stderr where there is none; never blocks or fails."""

    def __init__(self, journald: Journald, stderr: int = STDERR) -> None:
        super().__init__()
        self._journald = journald
        self._stderr = stderr

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._send(_text(record), record)
        except Exception:  # noqa: BLE001 - a line that cannot be made must not stop who wrote it
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Says in the journal, instead of on stderr, what is wrong with a line."""
        self._send(f"a log line cannot be written: {traceback.format_exc()}", record)

    def close(self) -> None:
        self._journald.close()
        super().close()

    def _send(self, text: str, record: logging.LogRecord) -> None:
        fields = {
            "MESSAGE": text,
            "PRIORITY": _priority(record),
            "SYSLOG_IDENTIFIER": IDENTIFIER,
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
            "CODE_FUNC": record.funcName or "",
            "LOGGER": record.name,
            **log_fields.fields_of(log_fields.of(record)),
        }
        dropped = self._journald.dropped
        if dropped:
            fields["DROPPED_BEFORE"] = str(dropped)
        match self._journald.send(fields):
            case Sent.YES:
                self._journald.dropped -= dropped
            case Sent.DROPPED:
                pass  # counted
            case Sent.ABSENT:
                line = without_blocking.fitted(f"<{_priority(record)}>{text}\n")
                without_blocking.write(self._stderr, line)


def install(level: Level, journald: Journald | None = None) -> ContainerLogHandler:
    """Makes the journal the only place that anything is logged to, from `level` on.

    Answers the handler that knows the containers' own logs, for whoever knows their bundles.
    """
    containers = ContainerLogHandler()
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(JournalHandler(journald or Journald()))
    root.addHandler(containers)
    set_level(level)
    return containers


def set_level(level: Level) -> None:
    """For everything; a containerd at debug level wants it lower."""
    logging.getLogger().setLevel(level)


def _text(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.exc_info:
        text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
    if record.stack_info:
        text += "\n" + record.stack_info
    return text


def _priority(record: logging.LogRecord) -> str:
    found = (number for least, number in _PRIORITIES if record.levelno >= least)
    return next(found, _DEBUG_PRIORITY)
