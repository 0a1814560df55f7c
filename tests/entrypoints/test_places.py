import tomllib
from pathlib import Path

from adapters.disk import start_note
from adapters.disk.records import DiskRecords
from domain.identity import LENGTH_MAX
from entrypoints import places

PROJECT = Path(__file__).parents[2] / "pyproject.toml"
# sun_path holds 108 bytes, a NUL at the end included (unix(7)).
SOCKET_PATH_BYTES_MAX = 107


def test_the_version_is_that_of_the_distribution() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    assert project["version"] == places.VERSION


def test_the_longest_namespace_still_has_a_socket_path() -> None:
    path = places.namespace_socket(places.RUN_FOLDER, "n" * LENGTH_MAX)
    assert len(path.encode()) <= SOCKET_PATH_BYTES_MAX


def test_the_binary_is_what_containerd_makes_of_the_runtime_name() -> None:
    name, version = places.RUNTIME.split(".")[-2:]
    assert f"containerd-shim-{name}-{version}" == places.BINARY


def test_the_note_of_start_lies_where_the_daemon_looks_for_it() -> None:
    assert places.START_NOTE == start_note.NAME


def test_records_live_below_the_run_folder(tmp_path: Path) -> None:
    records = DiskRecords(Path(places.records_folder(str(tmp_path))))
    records.close()
    assert Path(places.records_folder(str(tmp_path))).parent == tmp_path
