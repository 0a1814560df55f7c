"""The operator of a scene, who reads what the shim says."""

from dataclasses import replace

from domain.identity import ContainerKey, ProcessKey
from domain.ports.log import Level
from tests.domain.scene import Scene

Said = tuple[Level, ProcessKey | ContainerKey | None, str]


class Heard:
    """The Log port: keeps every word."""

    def __init__(self) -> None:
        self.said: list[Said] = []

    def write(self, level: Level, about: ProcessKey | ContainerKey | None, text: str) -> None:
        self.said.append((level, about, text))

    @property
    def warnings(self) -> list[Said]:
        return [each for each in self.said if each[0] >= Level.WARNING]


def listening(scene: Scene) -> Heard:
    """From now on, and until the daemon dies."""
    heard = Heard()
    scene.shim.ports = replace(scene.shim.ports, log=heard)
    return heard


def restarted(scene: Scene) -> Heard:
    """A new daemon that is listened to from its first word."""
    scene.crash()
    heard = listening(scene)
    scene.boot()
    return heard
