"""The unit of each process: one name for one process, and back.

A dash inside an id is doubled and a single dash separates the parts. An identifier has no
two dashes in a row and none at an end, so every run of dashes in a name has one meaning
(the seed's names did not: `a-b`+`c` was `a`+`b-c`, D31). A name that would break systemd's
255 bytes is cut and carries a digest after three dashes, a run that no plain name has.
"""

import hashlib
import re
from typing import Final, NewType

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey, is_identifier

UnitName = NewType("UnitName", str)
ObjectPath = NewType("ObjectPath", str)

PREFIX: Final = "io-containerd-systemd-"
INIT_SUFFIX: Final = "-init.service"
EXEC_SUFFIX: Final = "-exec.service"
BYTES_MAX: Final = 255  # UNIT_NAME_MAX of systemd, suffix included (F84)
UNIT_PATH: Final = "/org/freedesktop/systemd1/unit/"

_DIGEST_MARK: Final = "---"
_SEPARATOR: Final = re.compile(r"(?<!-)-(?!-)")
_ESCAPED: Final = re.compile(r"_([0-9a-f]{2})")


def unit_name(process: ProcessKey) -> UnitName:
    """The unit that holds this process, at most 255 bytes (`systemctl status NAME`)."""
    owner = process.owner
    ids = [owner.namespace, owner.container]
    suffix = INIT_SUFFIX
    if process.exec_id is not None:
        ids.append(process.exec_id)
        suffix = EXEC_SUFFIX
    plain = "-".join(part.replace("-", "--") for part in ids)
    room = BYTES_MAX - len(PREFIX) - len(suffix)
    if len(plain) > room:
        digest = hashlib.sha256("/".join(ids).encode()).hexdigest()
        plain = plain[: room - len(_DIGEST_MARK) - len(digest)].rstrip("-") + _DIGEST_MARK + digest
    return UnitName(PREFIX + plain + suffix)


def process_of(name: str) -> ProcessKey | None:
    """Whose unit this is; None for a foreign name and for one that only records can tell."""
    if not name.startswith(PREFIX) or _DIGEST_MARK in name:
        return None
    for suffix, parts in ((INIT_SUFFIX, 2), (EXEC_SUFFIX, 3)):
        if not name.endswith(suffix):
            continue
        plain = name[len(PREFIX) : -len(suffix)]
        ids = [part.replace("--", "-") for part in _SEPARATOR.split(plain)]
        if len(ids) == parts and all(is_identifier(part) for part in ids):
            owner = ContainerKey(Namespace(ids[0]), ContainerId(ids[1]))
            return ProcessKey(owner, ExecId(ids[2]) if parts == 3 else None)
    return None


def object_path(name: UnitName) -> ObjectPath:
    """Where systemd puts the unit on the bus (its `bus_label_escape` rule)."""
    escaped = [
        char
        if char.isascii() and (char.isalpha() or (char.isdigit() and index > 0))
        else f"_{ord(char):02x}"
        for index, char in enumerate(name)
    ]
    return ObjectPath(UNIT_PATH + "".join(escaped))


def unit_at(path: str) -> UnitName | None:
    """The unit behind an object path, None if the path is no unit's."""
    if not path.startswith(UNIT_PATH):
        return None
    label = path[len(UNIT_PATH) :]
    return UnitName(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), label))
