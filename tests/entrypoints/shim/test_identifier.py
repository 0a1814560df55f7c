import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.identity import is_identifier as by_the_domain
from entrypoints.shim.identifier import LENGTH_MAX, is_identifier


@given(st.text(alphabet="aZ0._-/é٣\n", max_size=LENGTH_MAX + 2))
@example("a" * LENGTH_MAX)
@example("a" * (LENGTH_MAX + 1))
def test_the_lean_rule_is_the_domains(text: str) -> None:
    assert is_identifier(text) is by_the_domain(text)


@pytest.mark.parametrize("text", ["", "..", "a/b", "-a", "a-", "a--b", "a_.b", "a\n", "a b"])
def test_what_could_leave_a_folder_or_a_line_is_no_identifier(text: str) -> None:
    assert not is_identifier(text)
