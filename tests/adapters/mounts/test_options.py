"""fstab's words, sorted."""

import pytest
from returns.result import Success

from adapters.mounts.options import (
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_RDONLY,
    MS_REC,
    MS_SLAVE,
    MountOptions,
    parse,
)
from domain.refusal import MountFailed


def test_flags_propagation_and_data_are_told_apart() -> None:
    options = ("rbind", "ro", "rslave", "size=1m", "nosuid", "noswap")
    assert parse(options) == Success(
        MountOptions(
            flags=MS_BIND | MS_REC | MS_RDONLY | MS_NOSUID,
            propagation=MS_SLAVE | MS_REC,
            data=("size=1m", "noswap"),
        )
    )


def test_of_two_that_contradict_each_other_the_later_one_counts() -> None:
    assert parse(("ro", "rw")) == Success(MountOptions(cleared=MS_RDONLY))
    assert parse(("rw", "ro")) == Success(MountOptions(flags=MS_RDONLY))
    assert parse(("nodev", "noexec", "dev")) == Success(
        MountOptions(flags=MS_NOEXEC, cleared=MS_NODEV)
    )


def test_what_is_containerds_own_is_left_out() -> None:
    assert parse(("X-containerd.mkdir.path=/a:0755", "defaults", "")) == Success(MountOptions())


@pytest.mark.parametrize("option", ["loop", "loop=/dev/loop1", "uidmap=0:1:2", "gidmap=0:1:2"])
def test_what_cannot_be_done_is_refused_by_name(option: str) -> None:
    match parse(("ro", option)).failure():
        case MountFailed(why):
            assert option in why
            assert "not supported" in why
