from pathlib import Path

import pytest

from entrypoints import places
from tests.entrypoints.shim.launching import RunShim, StartDaemon, names_in


@pytest.mark.parametrize("action", ["start", "delete"])
def test_an_unknown_flag_ends_with_2_and_the_usage_and_does_nothing(
    shim: RunShim, bundle: Path, daemon: StartDaemon, action: str
) -> None:
    asked = daemon(lambda _: "ok unix:///somewhere\n")
    ended = shim(["-namespace", "default", "-id", "web", "-unknown", action])
    assert ended.returncode == 2
    assert ended.stdout == b""
    assert b"flag provided but not defined: -unknown" in ended.stderr
    assert b"usage:" in ended.stderr
    assert asked.requests == []
    assert names_in(bundle) == ["config.json"]


@pytest.mark.parametrize("action", ["start", "delete"])
def test_an_empty_namespace_is_refused(shim: RunShim, action: str) -> None:
    ended = shim(["-id", "web", action])
    assert ended.returncode == 1
    assert b"shim namespace cannot be empty" in ended.stderr
    assert ended.stdout == b""


@pytest.mark.parametrize("action", ["start", "delete"])
@pytest.mark.parametrize("name", ["../web", "web\nopen other", "", "a b", "w" * 77])
def test_an_id_that_is_no_identifier_never_becomes_a_path_or_a_request(
    shim: RunShim, daemon: StartDaemon, action: str, name: str
) -> None:
    asked = daemon(lambda _: "ok 1 0 1 0\n")
    for words in (
        ["-namespace", "default", "-id", name],
        ["-namespace", name or "?", "-id", "web"],
    ):
        ended = shim([*words, action])
        assert ended.returncode == 1
        assert b"no containerd identifier" in ended.stderr
    assert asked.requests == []


@pytest.mark.parametrize("words", [[], ["serve"]])
def test_an_unknown_action_ends_with_2_and_the_usage(shim: RunShim, words: list[str]) -> None:
    ended = shim(["-namespace", "default", "-id", "web", *words])
    assert ended.returncode == 2
    assert b"usage:" in ended.stderr


@pytest.mark.parametrize("flag", ["-v", "-version", "--version"])
def test_the_version_needs_no_other_flag(shim: RunShim, flag: str) -> None:
    ended = shim([flag])
    assert ended.returncode == 0
    assert places.VERSION.encode() in ended.stdout


def test_help_is_no_failure(shim: RunShim) -> None:
    ended = shim(["-h"])
    assert ended.returncode == 0
    assert b"usage:" in ended.stderr
