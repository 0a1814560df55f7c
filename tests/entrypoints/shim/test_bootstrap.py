import os
import threading
from pathlib import Path

from entrypoints.shim import bootstrap


def test_a_terminal_is_never_waited_for() -> None:
    main, terminal = os.openpty()
    try:
        assert bootstrap.read_input(terminal) == b""
    finally:
        os.close(main)
        os.close(terminal)


def test_dev_null_and_a_closed_input_are_empty() -> None:
    with Path("/dev/null").open("rb") as null:
        assert bootstrap.read_input(null.fileno()) == b""
    reading, writing = os.pipe()
    os.close(writing)
    os.close(reading)
    assert bootstrap.read_input(reading) == b""


def test_a_pipe_is_read_to_its_end_however_it_comes() -> None:
    reading, writing = os.pipe()

    def write() -> None:
        for _ in range(3):
            os.write(writing, b"x" * 50_000)
        os.close(writing)

    thread = threading.Thread(target=write)
    thread.start()
    assert bootstrap.read_input(reading) == b"x" * 150_000
    thread.join()
    os.close(reading)


def test_no_more_is_read_than_containerd_would_send(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"x")
    os.truncate(path, bootstrap.INPUT_BYTES_MAX + 1)
    with path.open("rb") as file:
        assert len(bootstrap.read_input(file.fileno())) == bootstrap.INPUT_BYTES_MAX
