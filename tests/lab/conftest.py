"""The lab's fixtures: real engines of three generations, booted on first use, then switched off."""

import os
from collections.abc import Iterator

import pytest

from tests.lab.containers import SERVICE, Containers
from tests.lab.emulated import Emulated
from tests.lab.lab_script import SUITES, lab
from tests.lab.leftovers import left_behind, traces
from tests.lab.root import Root


@pytest.fixture(scope="session", params=SUITES)
def engines(request: pytest.FixtureRequest) -> Iterator[Root]:
    """A fresh machine of each generation, without the project: systemd, containerd, runc."""
    suite = str(request.param)
    name = f"test-{os.getpid()}-{suite}"
    lab("build", suite.removesuffix("-v1"))
    lab("sweep")
    lab("clone", suite, name)
    try:
        lab("boot", name)
        yield Root(suite=suite, leader=int(lab("leader", name)))
    finally:
        lab("remove", name)


@pytest.fixture(scope="session")
def root(engines: Root) -> Root:
    """The same machine with this checkout installed in it the way a user would."""
    lab("install", f"test-{os.getpid()}-{engines.suite}")
    return engines


@pytest.fixture(scope="session")
def used(root: Root) -> Containers:
    """The installed machine."""
    return Containers(root, mark=f"e{os.getpid()}")


@pytest.fixture
def containers(used: Containers) -> Iterator[Containers]:
    """Containers through containerd; none of them may leave anything behind."""
    _warm_up(used)
    before = traces(used.root)
    yield used
    used.remove_all()
    assert left_behind(used.root, before) == []


@pytest.fixture(scope="session", params=("bookworm", "trixie"))
def emulated(request: pytest.FixtureRequest) -> Emulated:
    """A generation under software emulation, with this checkout installed in it."""
    suite = str(request.param)
    lab("build", "--vm", suite)
    return Emulated(suite)


def _warm_up(containers: Containers) -> None:
    """After a daemon's first container what it keeps for good is there, such as its inotify."""
    root = containers.root
    daemon = root.shell(f"systemctl show -P InvocationID {SERVICE}")
    note = root.path("/run/warmed-up")
    if not note.exists() or note.read_text() != daemon:
        containers.run("first", "true").check_returncode()
        note.write_text(daemon)
