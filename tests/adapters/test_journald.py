"""The journal's protocol, spoken to a socket of our own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.journald import Journald, Sent, encode
from tests.adapters.journal_reader import decode, received

NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "socket"))
        sock.settimeout(10)
        yield sock


@pytest.fixture
def journald(tmp_path: Path) -> Iterator[Journald]:
    journald = Journald(str(tmp_path / "socket"))
    yield journald
    journald.close()


@given(st.dictionaries(NAMES, st.text(), min_size=1))
def test_every_text_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    assert decode(encode(fields)) == fields


def test_what_is_no_unicode_is_written_so_that_it_can_be_read() -> None:
    assert decode(encode({"MESSAGE": "\udcff"})) == {"MESSAGE": "\\udcff"}


def test_an_entry_arrives(journal: socket.socket, journald: Journald) -> None:
    fields = {"MESSAGE": "two\nlines", "PRIORITY": "6"}
    assert journald.send(fields) is Sent.YES
    assert received(journal) == fields


def test_a_huge_entry_arrives_as_a_file_that_nobody_can_change(
    journal: socket.socket, journald: Journald
) -> None:
    fields = {"MESSAGE": "x" * 10_000_000, "PRIORITY": "6"}
    assert journald.send(fields) is Sent.YES
    assert received(journal) == fields


def test_a_journal_that_does_not_keep_up_costs_entries_and_no_time(
    journal: socket.socket, journald: Journald
) -> None:
    outcomes = [journald.send({"MESSAGE": "x" * 1000}) for _ in range(5000)]
    assert set(outcomes) == {Sent.YES, Sent.DROPPED}
    assert journald.dropped == outcomes.count(Sent.DROPPED)
    for _ in range(outcomes.count(Sent.YES)):
        received(journal)
    assert journald.send({"MESSAGE": "again"}) is Sent.YES


def test_where_there_is_no_journal_the_caller_is_told(journald: Journald) -> None:
    assert journald.send({"MESSAGE": "x"}) is Sent.ABSENT
    assert journald.dropped == 0


def test_a_journal_that_comes_later_is_found(journald: Journald, tmp_path: Path) -> None:
    assert journald.send({"MESSAGE": "x"}) is Sent.ABSENT
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "socket"))
        assert journald.send({"MESSAGE": "x"}) is Sent.YES


def test_huge_entries_leave_no_descriptor_open(journal: socket.socket, journald: Journald) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        journald.send({"MESSAGE": "x" * 1_000_000})
        received(journal)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
