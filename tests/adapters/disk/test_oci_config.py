"""The facts that are read out of a configuration."""

import json
from typing import Any

import pytest

from adapters.disk import oci_config
from domain.ports.bundles import BundleFacts


def facts(config: Any) -> BundleFacts:
    return oci_config.facts("/bundle", json.dumps(config))


def test_an_empty_configuration_has_gos_defaults() -> None:
    assert facts({}) == BundleFacts("", "/bundle/rootfs", False, False)


def test_null_is_as_good_as_missing() -> None:
    config = {"root": None, "process": {"terminal": None}, "linux": {"namespaces": None}}
    assert facts(config) == facts({})


def test_a_root_file_system_may_lie_elsewhere() -> None:
    assert facts({"root": {"path": "/var/lib/other"}}).rootfs == "/var/lib/other"
    assert facts({"root": {"path": "sub/root"}}).rootfs == "/bundle/sub/root"


@pytest.mark.parametrize(
    ("namespaces", "private"),
    [
        ([], False),
        ([{"type": "mount"}], False),
        ([{"type": "mount"}, {"type": "pid"}], True),
        ([{"type": "pid", "path": ""}], True),
        ([{"type": "pid", "path": "/proc/1/ns/pid"}], False),
    ],
)
def test_only_a_new_pid_namespace_is_the_containers_own(
    namespaces: list[dict[str, str]], *, private: bool
) -> None:
    assert facts({"linux": {"namespaces": namespaces}}).private_pid_namespace is private


@pytest.mark.parametrize(
    "config",
    [
        [],
        None,
        {"root": "x"},
        {"root": {"path": 7}},
        {"process": {"terminal": 1}},
        {"linux": {"cgroupsPath": []}},
        {"linux": {"namespaces": {}}},
        {"linux": {"namespaces": ["pid"]}},
    ],
)
def test_another_shape_is_refused(config: Any) -> None:
    with pytest.raises(ValueError, match="is no"):
        facts(config)
