"""The few things of a container's config.json that decide anything here."""

import json
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from domain.bundle_files import ROOTFS
from domain.ports.bundles import BundleFacts

_PID_NAMESPACE: Final = "pid"
_EMPTY: Final[dict[str, Any]] = {}

T = TypeVar("T")


class Misshapen(ValueError):  # noqa: N818 - says what is the matter
    """The configuration has something else where these are looked for."""


def facts(bundle: str, text: str) -> BundleFacts:
    """Reads an OCI runtime configuration. `ValueError` if it is none."""
    config = _typed(json.loads(text), dict, "config.json")
    root = _member(config, "root", _EMPTY)
    process = _member(config, "process", _EMPTY)
    linux = _member(config, "linux", _EMPTY)
    return BundleFacts(
        cgroups_path=_member(linux, "cgroupsPath", ""),
        # Relative to the bundle, if it is (OCI runtime spec, config.md, Root).
        rootfs=str(PurePosixPath(bundle) / _member(root, "path", ROOTFS)),
        has_terminal=_member(process, "terminal", default=False),
        private_pid_namespace=_has_own_pid_namespace(_member(linux, "namespaces", [])),
    )


def _has_own_pid_namespace(namespaces: list[Any]) -> bool:
    """A pid namespace with a path is somebody else's; without an entry it is the host's."""
    entries = [_typed(entry, dict, "linux.namespaces") for entry in namespaces]
    return any(
        _member(entry, "type", "") == _PID_NAMESPACE and not _member(entry, "path", "")
        for entry in entries
    )


def _member(of: dict[str, Any], key: str, default: T) -> T:
    """A member of the default's type; null and missing are the default, as Go has it."""
    value = of.get(key)
    return default if value is None else _typed(value, type(default), key)


def _typed(value: Any, kind: type[T], what: str) -> T:
    if type(value) is not kind:
        raise Misshapen(f"{what} is no {kind.__name__}")
    return value
