"""containerd runs `start` and `delete` for every container: they import next to nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.entrypoints.shim.launching import ROOT, StartDaemon

# The launcher's work, and then the names of everything that was imported, on standard error.
LIST_MODULES = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
before = set(sys.modules)
from entrypoints.shim.main import main
status = main(sys.argv[2:], sys.argv[1])
sys.stderr.write(" ".join(sorted(set(sys.modules) - before)))
sys.exit(status)
"""
# Frozen into the interpreter, or a C module without Python code around it; what is compiled into
# the interpreter, and differs from Python to Python, costs nothing either.
CHEAP = {"_json", "_socket", "_stat", "stat", "time"}
HEAVY = {"info", "leftover_records", "leftover_units", "without_daemon"}


def imported(words: list[str], run_folder: Path, bundle: Path) -> set[str]:
    argv = [sys.executable, "-IS", "-c", LIST_MODULES, str(ROOT), str(run_folder), *words]
    ended = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, cwd=bundle, check=True
    )
    return set(ended.stderr.decode().split())


def foreign(modules: set[str]) -> set[str]:
    own = {f"entrypoints.shim.{name}" for name in HEAVY}
    return {
        name for name in modules if name in own or name.partition(".")[0] != "entrypoints"
    } - CHEAP.union(sys.builtin_module_names)


def test_start_imports_nothing_that_costs(
    run_folder: Path, bundle: Path, listening: Callable[[str], Path]
) -> None:
    listening("default")
    found = imported(["-namespace", "default", "-id", "web", "start"], run_folder, bundle)
    assert "entrypoints.shim.start" in found
    assert foreign(found) == set()


def test_start_imports_no_more_when_it_asks_the_daemon(
    run_folder: Path, bundle: Path, daemon: StartDaemon
) -> None:
    daemon(lambda _: "ok unix:///somewhere\n")
    found = imported(["-namespace", "default", "-id", "web", "start"], run_folder, bundle)
    assert foreign(found) == set()


def test_a_delete_that_the_daemon_answers_imports_nothing_that_costs(
    run_folder: Path, bundle: Path, daemon: StartDaemon
) -> None:
    daemon(lambda _: "ok 1 0 1 0\n")
    found = imported(["-namespace", "default", "-id", "web", "delete"], run_folder, bundle)
    assert "entrypoints.shim.delete" in found
    assert foreign(found) == set()


def test_a_delete_without_a_daemon_loads_no_event_loop() -> None:
    """Of many containers at once each has to be done within containerd's five seconds."""
    program = (
        "import sys; before = set(sys.modules); import entrypoints.shim.without_daemon; "
        "print(*set(sys.modules) - before)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = set(ended.stdout.split())
    assert "entrypoints.shim.leftover_units" in found
    assert found.isdisjoint({"asyncio", "dbus_next", "google.protobuf", "logging", "ssl"})


def test_the_version_imports_nothing_that_costs(run_folder: Path, bundle: Path) -> None:
    assert foreign(imported(["-v"], run_folder, bundle)) == set()
