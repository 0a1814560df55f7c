"""Who a process is: namespace, container and maybe exec, checked before they become a path."""

import re
from dataclasses import dataclass
from typing import Final, NewType

from returns.result import Failure, Result, Success

from domain.refusal import InvalidArgument

Namespace = NewType("Namespace", str)
ContainerId = NewType("ContainerId", str)
ExecId = NewType("ExecId", str)
Pid = NewType("Pid", int)

NO_PID: Final = Pid(0)

# containerd's own rule (pkg/identifiers/validate.go): groups of letters and digits with
# single separators between them, 76 characters at most. What passes is safe as a path
# component, and holds no two dashes in a row, which unit names rely on.
LENGTH_MAX: Final = 76
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class ContainerKey:
    """One container of one namespace; ids repeat across namespaces (S33)."""

    namespace: Namespace
    container: ContainerId

    def __str__(self) -> str:
        return f"{self.namespace}/{self.container}"


@dataclass(frozen=True, slots=True)
class ProcessKey:
    """One process of a container: its init (`exec_id` is None) or an exec."""

    owner: ContainerKey
    exec_id: ExecId | None = None

    def __str__(self) -> str:
        return f"{self.owner}" if self.exec_id is None else f"{self.owner}/{self.exec_id}"


def container_key(namespace: str, container: str) -> Result[ContainerKey, InvalidArgument]:
    """A container's identity, if both parts are identifiers."""
    for what, text in (("namespace", namespace), ("container id", container)):
        if not is_identifier(text):
            return Failure(InvalidArgument(f"{what} {text!r} is no containerd identifier"))
    return Success(ContainerKey(Namespace(namespace), ContainerId(container)))


def exec_id(text: str) -> Result[ExecId, InvalidArgument]:
    """An exec's id, if it is an identifier; the empty one means the init (T134)."""
    if not is_identifier(text):
        return Failure(InvalidArgument(f"exec id {text!r} is no containerd identifier"))
    return Success(ExecId(text))


def is_identifier(text: str) -> bool:
    return len(text) <= LENGTH_MAX and _IDENTIFIER.fullmatch(text) is not None
