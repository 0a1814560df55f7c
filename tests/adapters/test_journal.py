"""What the rules and the adapters say, as the operator finds it in the journal."""

import asyncio
import inspect
import logging
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters import log_fields
from adapters.container_log import ContainerLogHandler
from adapters.journal import JournalHandler, LoggingLog, install, set_level
from adapters.journald import Journald
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.ports.log import Level
from tests.adapters.journal_reader import received

WEB = ContainerKey(Namespace("k8s.io"), ContainerId("web"))
EXEC = ProcessKey(WEB, ExecId("e-1"))
OF_WEB = {"CONTAINERD_NAMESPACE": "k8s.io", "CONTAINER_ID": "web"}

Journal = Callable[[], dict[str, str]]
log = logging.getLogger("adapters.tested")


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    path = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.settimeout(10)
        install(Level.INFO, Journald(path))
        yield lambda: received(sock)


def test_a_rules_line_is_an_entry_with_the_fields_of_whom_it_is_about(journal: Journal) -> None:
    LoggingLog().write(Level.WARNING, EXEC, "100% gone")
    entry = journal()
    assert entry["MESSAGE"] == "100% gone"
    assert entry["PRIORITY"] == "4"
    assert entry["SYSLOG_IDENTIFIER"] == "containerd-shim-systemd"
    assert entry.items() >= {**OF_WEB, "EXEC_ID": "e-1"}.items()


def test_an_entry_says_which_line_of_the_program_it_comes_from(journal: Journal) -> None:
    frame = inspect.currentframe()
    assert frame is not None
    LoggingLog().write(Level.INFO, None, "x")
    first = frame.f_lineno - 1
    entry = journal()
    assert entry["CODE_FILE"] == __file__
    assert entry["CODE_LINE"] == str(first)
    assert entry["CODE_FUNC"] == "test_an_entry_says_which_line_of_the_program_it_comes_from"


@pytest.mark.parametrize(
    ("level", "priority"),
    [(Level.DEBUG, "7"), (Level.INFO, "6"), (Level.WARNING, "4"), (Level.ERROR, "3")],
)
def test_levels_are_syslogs_priorities(journal: Journal, level: Level, priority: str) -> None:
    set_level(Level.DEBUG)
    LoggingLog().write(level, None, "x")
    assert journal()["PRIORITY"] == priority


def test_below_containerds_level_nothing_is_said(journal: Journal) -> None:
    LoggingLog().write(Level.DEBUG, None, "hidden")
    LoggingLog().write(Level.INFO, None, "shown")
    assert journal()["MESSAGE"] == "shown"


def test_an_adapters_line_has_the_fields_of_the_call_in_which_it_was_written(
    journal: Journal,
) -> None:
    async def call() -> None:
        with log_fields.about(WEB):
            await asyncio.create_task(deeper())
            await asyncio.to_thread(log.warning, "in a thread")
        log.warning("outside")

    async def deeper() -> None:
        log.warning("in a task")

    asyncio.run(call())
    for where in ("in a task", "in a thread"):
        entry = journal()
        assert entry["MESSAGE"] == where
        assert entry.items() >= OF_WEB.items()
    assert "CONTAINER_ID" not in journal()


def test_of_two_calls_at_once_each_has_its_own_fields(journal: Journal) -> None:
    async def call(key: ProcessKey | ContainerKey) -> None:
        with log_fields.about(key):
            await asyncio.sleep(0)
            log.warning("%s", key)

    async def both() -> None:
        await asyncio.gather(call(WEB), call(EXEC))

    asyncio.run(both())
    entries = {entry["MESSAGE"]: entry.get("EXEC_ID") for entry in (journal(), journal())}
    assert entries == {"k8s.io/web": None, "k8s.io/web/e-1": "e-1"}


def test_a_line_may_be_about_somebody_else_than_the_call(journal: Journal) -> None:
    with log_fields.about(EXEC):
        LoggingLog().write(Level.INFO, WEB, "x")
    assert "EXEC_ID" not in journal()


def test_a_bug_has_its_traceback_in_the_same_entry(journal: Journal) -> None:
    try:
        int("no number")
    except ValueError:
        log.exception("a bug")
    message = journal()["MESSAGE"]
    assert message.startswith("a bug\nTraceback")
    assert message.endswith("'no number'")


def test_a_line_that_cannot_be_made_harms_nobody_and_is_said(journal: Journal) -> None:
    for handler in list(logging.getLogger().handlers):
        if not isinstance(handler, JournalHandler | ContainerLogHandler):
            logging.getLogger().removeHandler(handler)  # pytest's own makes a failure of it
    log.warning("%d apples", "three")
    assert "a log line cannot be written" in journal()["MESSAGE"]


def test_what_was_dropped_is_counted_in_the_next_entry(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.settimeout(10)
        journald = Journald(path)
        install(Level.INFO, journald)
        while not journald.dropped:
            log.info("x")
        log.info("x")
        received(sock)
        log.info("room again")
        while (entry := received(sock))["MESSAGE"] != "room again":
            pass
        assert entry["DROPPED_BEFORE"] == "2"
        assert journald.dropped == 0


@pytest.fixture
def stderr() -> Iterator[tuple[int, int]]:
    """A pipe in stderr's place: its read and its write end."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


@pytest.fixture
def without_a_journal(tmp_path: Path, stderr: tuple[int, int]) -> Iterator[logging.Logger]:
    logger = logging.getLogger("tested.stderr")
    logger.propagate = False
    handler = JournalHandler(Journald(str(tmp_path / "absent")), stderr[1])
    logger.addHandler(handler)
    yield logger
    logger.removeHandler(handler)
    handler.close()


def test_without_a_journal_lines_go_to_stderr(
    without_a_journal: logging.Logger, stderr: tuple[int, int]
) -> None:
    without_a_journal.warning("hello")
    assert os.read(stderr[0], 100) == b"<4>hello\n"


def test_a_stderr_that_nobody_reads_blocks_nothing(
    without_a_journal: logging.Logger, stderr: tuple[int, int]
) -> None:
    for _ in range(200):
        without_a_journal.warning("%s", "x" * 5000)
    assert len(os.read(stderr[0], 1 << 20)) == 1 << 16
