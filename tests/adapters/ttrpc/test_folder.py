"""The folder could be published alone."""

import ast
import sys
from pathlib import Path

import adapters.ttrpc

FOLDER = Path(adapters.ttrpc.__file__).parent


def imported(source: Path) -> set[str]:
    """Top-level names that a module imports; relative imports of its own folder are left out."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level != 1:
            names.add("." * node.level + (node.module or ""))
    return {name.split(".")[0] if name[0] != "." else name for name in names}


def test_nothing_but_the_standard_library_and_protobuf_is_imported() -> None:
    sources = list(FOLDER.glob("*.py"))
    assert sources
    allowed = sys.stdlib_module_names | {"google"}
    assert {source.name: imported(source) - allowed for source in sources} == {
        source.name: set() for source in sources
    }


def test_the_protocol_half_touches_neither_sockets_nor_a_loop() -> None:
    pure = ("frame", "codec", "status", "envelope", "server_protocol", "client_protocol")
    for name in pure:
        assert not imported(FOLDER / f"{name}.py") & {"asyncio", "socket", "os", "time", "select"}
