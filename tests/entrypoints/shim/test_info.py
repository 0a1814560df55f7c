import json
from pathlib import Path

from google.protobuf.any_pb2 import Any

from adapters.messages.runc_pb2 import Options
from adapters.messages.runtime_info_pb2 import RuntimeInfo
from entrypoints import places
from tests.entrypoints.shim.launching import RunShim

FEATURES_URL = "types.containerd.io/opencontainers/runtime-spec/1/features/Features"


def runtime(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def options(binary: str, url: str = "containerd.runc.v1.Options") -> Any:
    return Any(type_url=url, value=Options(binary_name=binary).SerializeToString())


def test_without_options_it_describes_the_default_runtime(shim: RunShim, programs: Path) -> None:
    runtime(programs, "runc", 'echo \'{"ociVersionMin": "1.0.0"}\'')
    ended = shim(["-info"], PATH=str(programs))
    assert ended.returncode == 0
    assert ended.stderr == b""
    info = RuntimeInfo.FromString(ended.stdout)
    assert info.name == places.RUNTIME
    assert info.version.version == places.VERSION
    assert info.features.type_url == FEATURES_URL
    assert json.loads(info.features.value) == {"ociVersionMin": "1.0.0"}
    assert not info.HasField("options")


def test_options_are_echoed_and_name_the_runtime(shim: RunShim, programs: Path) -> None:
    runtime(programs, "crun", 'echo \'{"is": "crun"}\'')
    for url in ("containerd.runc.v1.Options", "type.googleapis.com/containerd.runc.v1.Options"):
        given = options("crun", url)
        info = RuntimeInfo.FromString(
            shim(["-info"], given.SerializeToString(), PATH=str(programs)).stdout
        )
        assert info.options == given
        assert json.loads(info.features.value) == {"is": "crun"}


def test_options_of_another_type_name_no_runtime(shim: RunShim, programs: Path) -> None:
    given = options("missing", "runtimeoptions.v1.Options")
    ended = shim(["-info"], given.SerializeToString(), PATH=str(programs))
    assert ended.returncode == 0
    assert RuntimeInfo.FromString(ended.stdout).options == given


def test_a_runtime_that_tells_no_features_is_described_without(
    shim: RunShim, programs: Path
) -> None:
    for body in ("exit 1", "echo unknown command", "echo []"):
        runtime(programs, "runc", body)
        ended = shim(["-info"], PATH=str(programs))
        assert ended.returncode == 0
        assert not RuntimeInfo.FromString(ended.stdout).HasField("features")


def test_a_missing_runtime_is_a_failure(shim: RunShim, programs: Path) -> None:
    given = options("no-such-runtime").SerializeToString()
    ended = shim(["-info"], given, PATH=str(programs))
    assert ended.returncode == 1
    assert ended.stdout == b""
    assert b"no-such-runtime" in ended.stderr
