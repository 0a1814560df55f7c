"""A container's lines in containerd's own log."""

import fcntl
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters import log_fields
from adapters.container_log import ContainerLogHandler, line
from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey

WEB = ContainerKey(Namespace("k8s.io"), ContainerId("web"))
OTHER = ContainerKey(Namespace("k8s.io"), ContainerId("other"))
EXEC = ProcessKey(WEB, ExecId("e-1"))

WORD = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]*)(?: |\n)')


def words(text: str) -> dict[str, str]:
    return {
        key: json.loads(value) if value.startswith('"') else value
        for key, value in WORD.findall(text)
    }


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tested.container_log")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    yield logger
    logger.handlers.clear()


@pytest.fixture
def containers(log: logging.Logger, tmp_path: Path) -> ContainerLogHandler:
    handler = ContainerLogHandler()
    handler.attach(WEB, str(tmp_path))
    log.addHandler(handler)
    return handler


@pytest.fixture
def fifo(tmp_path: Path) -> Iterator[int]:
    """As containerd holds it: open for both, so that it never ends."""
    os.mkfifo(tmp_path / "log", 0o700)
    fd = os.open(tmp_path / "log", os.O_RDWR | os.O_NONBLOCK)
    yield fd
    os.close(fd)


Read = Callable[[], str]


def text(fifo: int) -> str:
    try:
        return os.read(fifo, 1 << 20).decode()
    except BlockingIOError:
        return ""


@pytest.mark.usefixtures("containers")
def test_a_line_has_the_form_that_containerds_log_has(log: logging.Logger, fifo: int) -> None:
    log.warning("cannot %s", "do it", extra=log_fields.whom(EXEC))
    written = text(fifo)
    assert re.match(
        r'time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z" level=warning msg="cannot do it" ', written
    )
    assert written.endswith("\n")
    assert (
        words(written).items()
        >= {
            "runtime": "io.containerd.systemd.v1",
            "namespace": "k8s.io",
            "id": "web",
            "exec": "e-1",
        }.items()
    )


@pytest.mark.parametrize("message", ["plain", 'with "quotes"', "two\nlines", "ü\t\\", "a=b", ""])
@pytest.mark.usefixtures("containers")
def test_any_message_stays_one_line_and_one_word(
    log: logging.Logger, fifo: int, message: str
) -> None:
    log.error("%s", message, extra=log_fields.whom(WEB))
    written = text(fifo)
    assert written.count("\n") == 1
    assert words(written)["msg"] == message


@pytest.mark.parametrize(
    ("level", "name"),
    [
        (logging.DEBUG, "debug"),
        (logging.INFO, "info"),
        (logging.WARNING, "warning"),
        (logging.ERROR, "error"),
        (logging.CRITICAL, "error"),
    ],
)
def test_levels_have_containerds_names(level: int, name: str) -> None:
    record = logging.LogRecord("x", level, "f", 1, "m", None, None)
    assert words(line(record, {}))["level"] == name


@pytest.mark.usefixtures("containers")
def test_only_what_is_about_the_container_is_in_its_log(log: logging.Logger, fifo: int) -> None:
    log.info("about nobody")
    log.info("about another", extra=log_fields.whom(OTHER))
    with log_fields.about(WEB):
        log.info("about it")
    assert words(text(fifo))["msg"] == "about it"


def test_a_container_that_is_gone_has_no_log_any_more(
    log: logging.Logger, containers: ContainerLogHandler, fifo: int
) -> None:
    containers.detach(WEB)
    containers.detach(WEB)
    log.info("x", extra=log_fields.whom(WEB))
    assert text(fifo) == ""


@pytest.mark.usefixtures("containers")
def test_a_bug_is_named_without_its_traceback(log: logging.Logger, fifo: int) -> None:
    bug = ZeroDivisionError("this")
    log.error("a bug", exc_info=bug, extra=log_fields.whom(WEB))
    assert words(text(fifo))["msg"] == "a bug: ZeroDivisionError('this')"


@pytest.mark.usefixtures("containers")
def test_a_bundle_without_a_fifo_blocks_nothing(log: logging.Logger, tmp_path: Path) -> None:
    log.info("x", extra=log_fields.whom(WEB))
    assert not (tmp_path / "log").exists()


@pytest.mark.usefixtures("containers")
def test_a_fifo_that_nobody_reads_blocks_nothing(log: logging.Logger, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    log.info("x", extra=log_fields.whom(WEB))
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    assert os.read(reader, 100) == b""
    os.close(reader)


@pytest.mark.usefixtures("containers")
def test_a_plain_file_in_the_fifos_place_is_left_alone(log: logging.Logger, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("somebody's")
    log.info("x", extra=log_fields.whom(WEB))
    assert (tmp_path / "log").read_text() == "somebody's"


@pytest.mark.usefixtures("containers")
def test_a_full_fifo_costs_lines_which_are_counted(log: logging.Logger, fifo: int) -> None:
    fcntl.fcntl(fifo, fcntl.F_SETPIPE_SZ, 4096)
    for number in range(10):
        log.info("%s", f"{number}" * 3000, extra=log_fields.whom(WEB))
    assert words(text(fifo))["msg"] == "0" * 3000
    log.info("room again", extra=log_fields.whom(WEB))
    assert words(text(fifo))["dropped_before"] == "9"
    log.info("and now", extra=log_fields.whom(WEB))
    assert "dropped_before" not in words(text(fifo))


@pytest.mark.usefixtures("containers")
def test_a_line_too_long_for_the_fifo_is_cut_and_still_a_line(
    log: logging.Logger, fifo: int
) -> None:
    log.info("%s", "x" * 100_000, extra=log_fields.whom(WEB))
    written = text(fifo)
    assert len(written) == 4096
    assert written.endswith("[...]\n")


@pytest.mark.usefixtures("containers")
def test_lines_leave_no_descriptor_open(log: logging.Logger, fifo: int) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        log.info("x", extra=log_fields.whom(WEB))
    assert text(fifo).count("\n") == 5
    assert len(list(Path("/proc/self/fd").iterdir())) == before
