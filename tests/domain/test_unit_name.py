"""Unit names: one name for one process, within systemd's limits, and back (D31)."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity import ContainerId, ContainerKey, ExecId, Namespace, ProcessKey
from domain.unit_name import (
    BYTES_MAX,
    EXEC_SUFFIX,
    INIT_SUFFIX,
    PREFIX,
    UnitName,
    object_path,
    process_of,
    unit_at,
    unit_name,
)
from tests.domain.identifiers import processes

LONGEST = "a-" * 37 + "ab"  # 76 characters, and 37 dashes that are doubled


def process(namespace: str, container: str, exec_id: str | None = None) -> ProcessKey:
    owner = ContainerKey(Namespace(namespace), ContainerId(container))
    return ProcessKey(owner, None if exec_id is None else ExecId(exec_id))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (process("default", "web"), "io-containerd-systemd-default-web-init.service"),
        (process("default", "web", "sh"), "io-containerd-systemd-default-web-sh-exec.service"),
        (process("k8s.io", "a_b"), "io-containerd-systemd-k8s.io-a_b-init.service"),
        (process("a-b", "c-d"), "io-containerd-systemd-a--b-c--d-init.service"),
    ],
)
def test_a_name_shows_whose_it_is(key: ProcessKey, name: str) -> None:
    assert unit_name(key) == name
    assert process_of(name) == key


def test_d31_parts_with_dashes_are_not_taken_for_one_another() -> None:
    assert unit_name(process("a-b", "c")) != unit_name(process("a", "b-c"))
    assert unit_name(process("n", "c", "a-b")) != unit_name(process("n", "c-a", "b"))


def test_every_short_triple_has_a_name_of_its_own() -> None:
    ids = ("a", "aa", "a-a", "a-aa", "aa-a", "a-a-a", "a.a", "a_a", "init", "exec", "a-init")
    keys = [process(*parts) for parts in (*product(ids, repeat=2), *product(ids, repeat=3))]
    names = {unit_name(key) for key in keys}
    assert len(names) == len(keys)
    assert [process_of(unit_name(key)) for key in keys] == keys


@given(st.lists(processes(), min_size=2, max_size=8, unique=True))
def test_two_different_processes_never_share_a_name(keys: list[ProcessKey]) -> None:
    assert len({unit_name(key) for key in keys}) == len(keys)


@given(processes())
def test_a_name_fits_systemd_and_leads_back_or_says_that_it_cannot(key: ProcessKey) -> None:
    name = unit_name(key)
    assert len(name.encode()) <= BYTES_MAX
    assert name.startswith(PREFIX)
    assert name.endswith(INIT_SUFFIX if key.exec_id is None else EXEC_SUFFIX)
    assert process_of(name) in {key, None}
    if process_of(name) is None:
        assert "---" in name


@given(st.from_regex(rf"{PREFIX}[ab.]{{1,4}}(-{{1,4}}[ab]{{1,3}}){{0,5}}\.service", fullmatch=True))
def test_a_name_that_is_understood_is_the_one_that_we_would_give(name: str) -> None:
    key = process_of(name)
    assert key is None or unit_name(key) == name


def test_long_ids_get_names_that_are_cut_and_still_their_own() -> None:
    keys = [
        process(LONGEST, LONGEST, LONGEST),
        process(LONGEST, LONGEST, LONGEST[:-1] + "c"),
        process(LONGEST, LONGEST[:-1] + "c", LONGEST),
        process(LONGEST[:-1] + "c", LONGEST, LONGEST),
        process(LONGEST, LONGEST),
        process(LONGEST, LONGEST[:-1] + "c"),
        process("b" * 76, "b" * 76, "b" * 76),
    ]
    names = [unit_name(key) for key in keys]
    assert len(set(names)) == len(keys)
    assert all(len(name) <= BYTES_MAX for name in names)
    assert {process_of(name) for name in names} == {None}


@pytest.mark.parametrize("last", ["c", "X"])
def test_a_name_that_is_cut_at_a_dash_keeps_to_three_dashes_before_its_digest(last: str) -> None:
    """Four would be a doubled dash of an id and two more: no run of dashes may mean two things."""
    name = unit_name(process("n" * 75, "c" * 75 + last, "e" * 76))
    assert name.startswith(f"{PREFIX}{'n' * 75}-{'c' * 75}{last}---")
    assert "----" not in name


def test_a_name_that_is_as_long_as_ours_is_foreign_without_our_prefix() -> None:
    name = unit_name(process("default", "web"))
    assert process_of(f"xx{name[2:]}") is None


def test_the_longest_name_that_needs_no_digest_has_255_bytes() -> None:
    room = BYTES_MAX - len(PREFIX) - len(EXEC_SUFFIX) - len("--")
    fits = process("a" * 75, "b" * 75, "c" * (room - 150))
    assert len(unit_name(fits)) == BYTES_MAX
    assert process_of(unit_name(fits)) == fits
    longer = process("a" * 76, "b" * 75, "c" * (room - 150))
    assert len(unit_name(longer)) <= BYTES_MAX
    assert process_of(unit_name(longer)) is None


def test_a_digest_never_changes_since_units_outlive_the_daemon() -> None:
    assert unit_name(process("n" * 76, "c" * 76, "e" * 76)) == (
        "io-containerd-systemd-"
        + "n" * 76
        + "-"
        + "c" * 76
        + "---"
        + "6cdb486272a8c8c3bb62e07ab251b5a37081fb854a7b2e9943ff7b80aa1d222a"
        + "-exec.service"
    )


@pytest.mark.parametrize(
    "name",
    [
        "dbus.service",
        "io-containerd-systemd-.service",
        "io-containerd-systemd-default-init.service",
        "io-containerd-systemd-default-web-sh-init.service",
        "io-containerd-systemd-default-web-exec.service",
        "io-containerd-systemd-default-web-tty.service",
        "io-containerd-systemd-default-web-init.scope",
        "io-containerd-systemd--web-init.service",
        "io-containerd-systemd-a b-web-init.service",
        "x-io-containerd-systemd-default-web-init.service",
        "io-containerd-systemd-default-web-init.service.d",
        f"io-containerd-systemd-default-{'w' * 77}-init.service",
    ],
)
def test_a_stranger_s_unit_is_nobody_of_ours(name: str) -> None:
    assert process_of(name) is None


# What `busctl tree org.freedesktop.systemd1` shows for units that every machine has.
PATHS = (
    ("dbus.service", "dbus_2eservice"),
    ("-.mount", "_2d_2emount"),
    ("systemd-journald.service", "systemd_2djournald_2eservice"),
    ("getty@tty1.service", "getty_40tty1_2eservice"),
    ("0a.service", "_30a_2eservice"),
    ("a0.service", "a0_2eservice"),
    ("a_b.service", "a_5fb_2eservice"),
    (r"dev-disk-by\x2did.device", "dev_2ddisk_2dby_5cx2did_2edevice"),
)


@pytest.mark.parametrize(("name", "label"), PATHS)
def test_an_object_path_is_systemd_s(name: str, label: str) -> None:
    path = f"/org/freedesktop/systemd1/unit/{label}"
    assert object_path(UnitName(name)) == path
    assert unit_at(path) == name


@given(processes())
def test_every_unit_of_ours_is_found_from_its_object_path(key: ProcessKey) -> None:
    assert unit_at(object_path(unit_name(key))) == unit_name(key)


def test_an_object_path_of_something_else_is_no_unit_s() -> None:
    assert unit_at("/org/freedesktop/systemd1/job/12") is None
    assert unit_at("/org/freedesktop/systemd1") is None
