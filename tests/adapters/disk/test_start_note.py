"""What `start` leaves for the daemon."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.disk.start_note import NAME, StartNote, parse, read


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("debug=true\nttrpc_address=/c\n", StartNote(debug=True, ttrpc_address="/c")),
        ("debug=false\nttrpc_address=\n", StartNote()),
        ("", StartNote()),
        ("ttrpc_address=/a=b c\n", StartNote(ttrpc_address="/a=b c")),
        ("new=1\nnonsense\ndebug=true", StartNote(debug=True)),
        ("debug=false\ndebug=true\n", StartNote(debug=True)),
        ("debug=yes\n", StartNote()),
    ],
)  # fmt: skip
def test_a_note_says_what_its_lines_say(text: str, note: StartNote) -> None:
    assert parse(text) == note


@given(st.text())
def test_no_note_is_refused(text: str) -> None:
    assert isinstance(parse(text), StartNote)


def test_a_note_is_found_in_its_bundle(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes("debug=true\nttrpc_address=/ü\n".encode())
    note = asyncio.run(read(str(tmp_path)))
    assert note == StartNote(debug=True, ttrpc_address="/ü")


def test_without_a_note_the_defaults_hold(tmp_path: Path) -> None:
    assert asyncio.run(read(str(tmp_path))) == StartNote()
