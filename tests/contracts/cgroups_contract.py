"""What every Cgroups port does, be it the fake or the kernel.

A test class gives `drive`, `cgroups`, and the paths of two cgroups, one within the other, that are
there; it says how they are frozen and whether they are.
"""

import pytest
from returns.result import Success

from domain.ports.cgroups import Cgroups
from domain.refusal import CgroupFailed
from tests.contracts.drive import Drive


class CgroupsContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def cgroups(self) -> Cgroups:
        raise NotImplementedError

    @pytest.fixture
    def outer(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def inner(self) -> str:
        raise NotImplementedError

    def freeze(self, cgroup: str) -> None:
        raise NotImplementedError

    def is_frozen(self, cgroup: str) -> bool:
        """By its own setting or by that of one above."""
        raise NotImplementedError

    def test_a_frozen_cgroup_goes_on(
        self, drive: Drive, cgroups: Cgroups, outer: str, inner: str
    ) -> None:
        self.freeze(outer)
        assert self.is_frozen(inner)
        assert drive(cgroups.thaw(outer)) == Success(None)
        assert not self.is_frozen(outer)
        assert not self.is_frozen(inner)

    def test_one_below_that_was_frozen_by_itself_goes_on_too(
        self, drive: Drive, cgroups: Cgroups, outer: str, inner: str
    ) -> None:
        self.freeze(inner)
        self.freeze(outer)
        assert drive(cgroups.thaw(outer)) == Success(None)
        assert not self.is_frozen(inner)

    def test_one_that_is_not_frozen_is_left_as_it_is(
        self, drive: Drive, cgroups: Cgroups, outer: str
    ) -> None:
        assert drive(cgroups.thaw(outer)) == Success(None)
        assert not self.is_frozen(outer)

    def test_one_that_is_gone_is_a_success(
        self, drive: Drive, cgroups: Cgroups, outer: str
    ) -> None:
        assert drive(cgroups.thaw(f"{outer}/gone")) == Success(None)

    def test_one_that_is_gone_needs_no_removal(
        self, drive: Drive, cgroups: Cgroups, outer: str
    ) -> None:
        assert drive(cgroups.remove(f"{outer}/gone")) == Success(None)

    @pytest.mark.parametrize("cgroup", ["", "/", "relative", "/a/../../b"])
    def test_what_is_no_containers_cgroup_is_refused(
        self, drive: Drive, cgroups: Cgroups, cgroup: str
    ) -> None:
        assert isinstance(drive(cgroups.thaw(cgroup)).failure(), CgroupFailed)
        assert isinstance(drive(cgroups.remove(cgroup)).failure(), CgroupFailed)
