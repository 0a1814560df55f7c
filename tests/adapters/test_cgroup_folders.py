"""Where this process is, as cgroups(7) shows it in the layouts that there are."""

from pathlib import Path

import pytest

from adapters.cgroup_folders import own_cgroup


@pytest.mark.parametrize(
    ("lines", "folder"),
    [
        ("0::/system.slice/a.service\n", "system.slice/a.service"),
        ("5:cpu:/x\n1:name=systemd:/b.scope\n0::/\n", "systemd/b.scope"),
        ("5:cpu:/x\n0::/c.scope\n", "unified/c.scope"),
    ],
)
def test_it_is_found_in_systemds_own_hierarchy(lines: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "cgroup.procs").touch()
    (tmp_path / "cgroup").write_text(lines)
    assert own_cgroup(tmp_path, tmp_path) == tmp_path / folder


def test_one_that_is_not_mounted_here_is_not_made_up(tmp_path: Path) -> None:
    (tmp_path / "cgroup").write_text("1:name=systemd:/b.scope\n0::/../..\n")
    assert own_cgroup(tmp_path, tmp_path) is None
