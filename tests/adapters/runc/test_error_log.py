"""What is read out of the runtime's log, in every form that was seen."""

from pathlib import Path

import pytest

from adapters.runc import error_log

RUNC = b'{"level":"error","msg":"container does not exist","time":"2026-11-24T13:42:35Z"}\n'
CRUN_1_8 = b'{"msg":"the container `c1` is not running","level":"error","time":"2026"}\n'
CRUN_1_28 = b"""{
  "msg": "cannot open `\\/run\\/crun\\/c1\\/exec.fifo`: No such file or directory",
  "level": "error",
  "time": "2026-11-24T13:42:36.232549Z"
}
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.json"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (RUNC, "container does not exist"),
        (CRUN_1_8, "the container `c1` is not running"),
        (CRUN_1_28, "cannot open `/run/crun/c1/exec.fifo`: No such file or directory"),
    ],
)
def test_every_runtimes_way_to_log_an_error_is_understood(
    log: Path, written: bytes, told: str
) -> None:
    log.write_bytes(written)
    assert error_log.errors(str(log)) == (told,)


def test_warnings_and_debug_words_are_no_errors(log: Path) -> None:
    log.write_bytes(
        b'{"level":"debug","msg":"a"}\n{"level":"warning","msg":"b"}\n{"level":"info","msg":"c"}\n'
    )
    assert error_log.errors(str(log)) == ()


def test_only_what_was_written_since_then_counts(log: Path) -> None:
    log.write_bytes(RUNC)
    since = error_log.size(str(log))
    with log.open("ab") as file:
        file.write(CRUN_1_8)
    assert error_log.errors(str(log), since) == ("the container `c1` is not running",)


def test_a_log_that_was_replaced_by_a_shorter_one_is_read_whole(log: Path) -> None:
    log.write_bytes(RUNC)
    assert error_log.errors(str(log), since=100_000) == ("container does not exist",)


def test_what_a_killed_runtime_left_half_written_hides_no_later_error(log: Path) -> None:
    log.write_bytes(RUNC[:25] + CRUN_1_8 + b"{garbage\n" + RUNC + CRUN_1_28[:40])
    assert error_log.errors(str(log)) == (
        "the container `c1` is not running",
        "container does not exist",
    )


@pytest.mark.parametrize(
    "written",
    [b"", b"null\n", b"[]", b'{"level":"error"}', b'{"level":"error","msg":7}', b"\xff\xfe{\x00"],
)
def test_what_is_no_log_entry_is_no_error(log: Path, written: bytes) -> None:
    log.write_bytes(written)
    assert error_log.errors(str(log)) == ()


def test_of_a_huge_log_the_end_is_read(log: Path) -> None:
    noise = b'{"level":"debug","msg":"' + b"x" * 1000 + b'"}\n'
    log.write_bytes(CRUN_1_8 + noise * (error_log.READ_BYTES_MAX // 1000) + RUNC)
    assert error_log.errors(str(log)) == ("container does not exist",)


def test_a_log_that_is_missing_has_no_size_and_no_errors(log: Path) -> None:
    assert error_log.size(str(log)) == 0
    assert error_log.errors(str(log)) == ()
