"""How containerd calls the shim's binary, and what runc.v2's answers."""

import json

import pytest

from tests.recordings.frames import GENERATIONS, commands

every_generation = pytest.mark.parametrize("generation", GENERATIONS)


@every_generation
def test_start_is_called_in_the_bundle_with_these_words(generation: str) -> None:
    start = next(called for called in commands(generation) if called.scenario == "run-rm")
    assert start.arguments == [
        *("-namespace", "default", "-address", "/run/containerd/containerd.sock"),
        *("-publish-binary", "/usr/bin/containerd", "-id", "rec-run-rm", "start"),
    ]
    assert start.folder.endswith("/io.containerd.runtime.v2.task/default/rec-run-rm")
    assert start.environment["TTRPC_ADDRESS"] == "/run/containerd/containerd.sock.ttrpc"
    newer = {"MAX_SHIM_VERSION": "2", "NAMESPACE": "default"}
    present = {key: start.environment[key] for key in newer if key in start.environment}
    assert present == ({} if generation == "bookworm" else newer)


@every_generation
def test_delete_is_called_like_start_with_the_bundle_and_nothing_to_read(generation: str) -> None:
    delete = next(called for called in commands(generation) if called.arguments[-1] == "delete")
    assert delete.stdin is None
    assert delete.arguments[-3:] == ["-bundle", delete.folder, "delete"]


@every_generation
def test_runc_v2_answers_start_in_text_up_to_1_7_and_in_json_from_2_0_on(generation: str) -> None:
    for called in commands(generation):
        if called.arguments[-1] != "start" or called.status:
            continue
        text = called.stdout.decode()
        if generation == "sid":
            answer = json.loads(text)
            assert (answer["version"], answer["protocol"]) == (3, "ttrpc")
            text = answer["address"]
        assert text.startswith("unix:///run/containerd/s/")
