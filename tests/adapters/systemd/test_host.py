import pytest

from adapters.systemd.host import PROGRAMS, version_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("252.39-1~deb12u2", 252), ("v257-3-gabc", 257), ("259~rc1", 259), ("262.1-1", 262), ("", 0)],
)
def test_the_version_is_the_first_number(text: str, number: int) -> None:
    assert version_number(text) == number


@pytest.mark.parametrize("name", ["run_reaper.py", "subgroup.py"])
def test_the_programs_are_where_units_are_told_to_find_them(name: str) -> None:
    assert (PROGRAMS / name).is_file()
