"""What a daemon that is away wrote down of a container."""

from dataclasses import dataclass
from pathlib import Path

from adapters.disk import record as form
from domain.identity import ContainerKey
from domain.record import ContainerRecord


@dataclass(frozen=True, slots=True)
class Leftover:
    """One life's record; None where it cannot be read."""

    path: Path
    record: ContainerRecord | None


def of(owner: ContainerKey, state: Path) -> tuple[Leftover, ...]:
    """The records of this container, those excepted of which only an event is owed.

    A life that was deleted in good order is the daemon's business when it returns: it tells
    containerd what it owes and forgets.
    """
    folder = state / form.TASKS / owner.namespace
    try:
        paths = sorted(path for path in folder.iterdir() if _is_of(path.name, owner))
    except OSError:
        return ()
    found = [Leftover(path, _read(path)) for path in paths]
    return tuple(each for each in found if each.record is None or not each.record.deleted)


def forget(leftovers: tuple[Leftover, ...]) -> list[str]:
    """Removes them; what went wrong."""
    trouble: list[str] = []
    for each in leftovers:
        try:
            each.path.unlink(missing_ok=True)
        except OSError as error:
            trouble.append(f"cannot remove {each.path}: {error.strerror}")
    return trouble


def _is_of(name: str, owner: ContainerKey) -> bool:
    """`CONTAINER.LIFE.json`; a container's id may have dots, a life is a number."""
    life = name.removeprefix(f"{owner.container}.").removesuffix(form.SUFFIX)
    return life.isdecimal() and name == f"{owner.container}.{life}{form.SUFFIX}"


def _read(path: Path) -> ContainerRecord | None:
    try:
        return form.decode(path.read_bytes())
    except (OSError, form.Unreadable):
        return None
