"""Identifiers are containerd's own: what passes may become a path and a unit name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returns.result import Failure, Success

from domain.identity import (
    LENGTH_MAX,
    ContainerId,
    ContainerKey,
    ExecId,
    Namespace,
    ProcessKey,
    container_key,
    exec_id,
    is_identifier,
)
from domain.refusal import InvalidArgument
from tests.domain.identifiers import identifiers

GOOD = ("a", "0", "A9", "a-b", "a.b", "a_b", "a-b.c_d", "default", "k8s.io", "7f" * 32, "a" * 76)
BAD = (
    "",
    "-a",
    "a-",
    ".",
    "..",
    ".a",
    "a.",
    "_a",
    "a--b",
    "a..b",
    "a._b",
    "a/b",
    "../etc",
    "a b",
    "a\n",
    "\na",
    "a\0b",
    "a$b",
    "a%i",
    "a@b",
    "é",
    "٣",  # a digit to str.isdigit, not to containerd
    "a" * 77,
)


@pytest.mark.parametrize("text", GOOD)
def test_a_containerd_identifier_is_accepted(text: str) -> None:
    assert is_identifier(text)
    assert container_key(text, "web") == Success(ContainerKey(Namespace(text), ContainerId("web")))
    assert container_key("default", text) == Success(
        ContainerKey(Namespace("default"), ContainerId(text))
    )
    assert exec_id(text) == Success(ExecId(text))


@pytest.mark.parametrize("text", BAD)
def test_anything_else_is_refused_by_name_before_it_becomes_a_path(text: str) -> None:
    for what, outcome in (
        ("namespace", container_key(text, "web")),
        ("container id", container_key("default", text)),
        ("exec id", exec_id(text)),
    ):
        assert outcome == Failure(InvalidArgument(f"{what} {text!r} is no containerd identifier"))


def naively_identifier(text: str) -> bool:
    """The rule again, letter by letter, as its documentation tells it."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    if not 1 <= len(text) <= LENGTH_MAX:
        return False
    for at, char in enumerate(text):
        if char in letters:
            continue
        if char not in "-._" or at in {0, len(text) - 1} or text[at - 1] not in letters:
            return False
    return True


@given(st.text("ab0-._/ é\n", max_size=8) | identifiers | st.text(max_size=80))
def test_the_rule_is_the_documented_one_for_any_text(text: str) -> None:
    assert is_identifier(text) == naively_identifier(text)


@given(identifiers)
def test_no_identifier_leaves_its_folder_or_holds_a_run_of_dashes(text: str) -> None:
    assert is_identifier(text)
    assert "/" not in text
    assert text not in {".", ".."}
    assert "--" not in text


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (ContainerKey(Namespace("default"), ContainerId("web")), "default/web"),
        (ProcessKey(ContainerKey(Namespace("n"), ContainerId("c"))), "n/c"),
        (ProcessKey(ContainerKey(Namespace("n"), ContainerId("c")), ExecId("e")), "n/c/e"),
    ],
)
def test_a_key_reads_as_a_path_of_its_parts(key: Any, words: str) -> None:
    assert str(key) == words
