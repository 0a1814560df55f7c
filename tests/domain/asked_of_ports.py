"""What the rules ask their ports for: every call of one port, with its arguments."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tests.domain.scene import Scene

Call = tuple[str, dict[str, Any]]

SLOW_PORTS: Final = ("units", "runc", "mounts", "fifos", "terminals")


class Noting:
    """In a port's place: passes every call on as it is, and keeps it."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        signature = inspect.signature(method)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, dict(signature.bind(*arguments, **named).arguments)))
            return method(*arguments, **named)

        return call

    def of(self, name: str) -> list[dict[str, Any]]:
        """The arguments of every call of one method."""
        return [arguments for called, arguments in self.calls if called == name]


def noting(scene: Scene, *names: str) -> dict[str, Noting]:
    """From now on, and until the daemon dies."""
    notes = {name: Noting(getattr(scene.shim.ports, name)) for name in names}
    scene.shim.ports = replace(scene.shim.ports, **notes)
    return notes
