"""One listening socket for each containerd namespace, made when it is first asked for.

Two generations of containerd send no namespace with their calls, so the socket says it
(docs/decisions). A daemon that comes back opens all of them again: clients reconnect there.
"""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from adapters.ttrpc import Server, listen
from domain.identity import is_identifier
from entrypoints import places

FOLDER_MODE: Final = 0o700

_log = logging.getLogger(__name__)


class NamespaceSockets:
    def __init__(self, server: Server, run_folder: str) -> None:
        self._server = server
        self._run_folder = run_folder
        self._open: set[str] = set()

    def open_all(self, namespaces: Iterable[str]) -> None:
        """Those that are named, and those of which a former daemon left the socket file."""
        folder = Path(places.namespace_socket(self._run_folder, "x")).parent
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        left = [path.name for path in folder.iterdir() if is_identifier(path.name)]
        for namespace in dict.fromkeys((*namespaces, *left)):
            self.open(namespace)

    def open(self, namespace: str) -> str:
        """Sees to it that the namespace's socket listens; answers its address.

        Calls without metadata are about this namespace then.
        """
        path = places.namespace_socket(self._run_folder, namespace)
        if namespace not in self._open:
            Path(path).unlink(missing_ok=True)  # a former daemon's: nobody listens there
            self._server.add_listener(listen(path), namespace)
            self._open.add(namespace)
            _log.info("serving namespace %s on %s", namespace, path)
        return f"unix://{path}"
