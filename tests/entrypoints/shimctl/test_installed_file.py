import os
from pathlib import Path

from returns.result import Failure, Success

from entrypoints.shimctl import installed_file
from entrypoints.shimctl.installation import File


def test_a_file_is_written_with_its_mode_whatever_the_umask(tmp_path: Path) -> None:
    file = File(tmp_path / "new" / "launcher", "text\n", 0o755)
    umask = os.umask(0o077)
    try:
        assert installed_file.write(file) == Success(True)
    finally:
        os.umask(umask)
    assert file.path.read_text() == "text\n"
    assert file.path.stat().st_mode & 0o7777 == 0o755
    assert [path.name for path in file.path.parent.iterdir()] == ["launcher"]


def test_a_file_that_is_right_already_is_left_alone(tmp_path: Path) -> None:
    file = File(tmp_path / "unit", "text\n", 0o644)
    installed_file.write(file)
    before = file.path.stat()
    assert installed_file.write(file) == Success(False)
    assert file.path.stat().st_ino == before.st_ino


def test_a_file_with_another_mode_is_written_again(tmp_path: Path) -> None:
    file = File(tmp_path / "unit", "text\n", 0o644)
    installed_file.write(file)
    file.path.chmod(0o666)
    assert installed_file.write(file) == Success(True)
    assert file.path.stat().st_mode & 0o7777 == 0o644


def test_a_file_that_cannot_be_written_is_a_failure_that_leaves_no_draft(tmp_path: Path) -> None:
    place = tmp_path / "unit"
    place.mkdir()
    (place / "inside").write_text("")
    outcome = installed_file.write(File(place, "text\n", 0o644))
    assert isinstance(outcome, Failure)
    assert str(place) in outcome.failure()
    assert [path.name for path in tmp_path.iterdir()] == ["unit"]


def test_removing_says_whether_there_was_anything(tmp_path: Path) -> None:
    path = tmp_path / "unit"
    path.write_text("")
    assert installed_file.remove(path) == Success(True)
    assert installed_file.remove(path) == Success(False)
