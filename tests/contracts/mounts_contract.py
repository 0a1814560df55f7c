"""What every Mounts port does, be it the fake or the kernel.

A test class gives `drive`, `mounts`, `rootfs` (a folder that is not there yet, in one that is),
mounts that work and one that does not, and says how many mounts lie on a folder or below.
"""

import pytest
from returns.result import Success

from domain.limits import Seconds
from domain.ports.mounts import Mounts
from domain.refusal import MountFailed
from domain.request import Mount
from tests.contracts.drive import Drive

LIMIT = Seconds(30)


class MountsContract:
    @pytest.fixture
    def drive(self) -> Drive:
        raise NotImplementedError

    @pytest.fixture
    def mounts(self) -> Mounts:
        raise NotImplementedError

    @pytest.fixture
    def rootfs(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def layer(self) -> Mount:
        """Works, and has a folder `inside`."""
        raise NotImplementedError

    @pytest.fixture
    def inside(self) -> Mount:
        """Works on `inside` once `layer` is there."""
        raise NotImplementedError

    @pytest.fixture
    def broken(self) -> Mount:
        raise NotImplementedError

    def mounted(self, folder: str) -> int:
        raise NotImplementedError

    def is_there(self, folder: str) -> bool:
        raise NotImplementedError

    def test_all_mounts_are_applied_to_a_folder_that_is_made(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount, inside: Mount
    ) -> None:
        assert drive(mounts.mount(rootfs, (layer, inside), LIMIT)) == Success(None)
        assert self.mounted(rootfs) == 2

    def test_without_mounts_nothing_is_made(
        self, drive: Drive, mounts: Mounts, rootfs: str
    ) -> None:
        assert drive(mounts.mount(rootfs, (), LIMIT)) == Success(None)
        assert not self.is_there(rootfs)

    def test_a_failure_undoes_the_mounts_before_it(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount, broken: Mount
    ) -> None:
        refused = drive(mounts.mount(rootfs, (layer, broken), LIMIT))
        assert isinstance(refused.failure(), MountFailed)
        assert self.mounted(rootfs) == 0

    def test_a_mount_that_came_too_early_fails_and_is_possible_later(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount, inside: Mount
    ) -> None:
        """In order, that is: `inside` has no folder to lie on before `layer` is there."""
        refused = drive(mounts.mount(rootfs, (inside, layer), LIMIT))
        assert isinstance(refused.failure(), MountFailed)
        assert drive(mounts.mount(rootfs, (layer, inside), LIMIT)) == Success(None)

    def test_unmounting_takes_all_off_and_leaves_the_folder(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount, inside: Mount
    ) -> None:
        drive(mounts.mount(rootfs, (layer, inside), LIMIT))
        assert drive(mounts.unmount(rootfs, LIMIT)) == Success(None)
        assert self.mounted(rootfs) == 0
        assert self.is_there(rootfs)

    def test_unmounting_takes_off_what_was_mounted_twice(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount
    ) -> None:
        drive(mounts.mount(rootfs, (layer,), LIMIT))
        drive(mounts.mount(rootfs, (layer,), LIMIT))
        assert self.mounted(rootfs) == 2
        assert drive(mounts.unmount(rootfs, LIMIT)) == Success(None)
        assert self.mounted(rootfs) == 0

    def test_unmounting_where_nothing_is_mounted_is_a_success(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount
    ) -> None:
        assert drive(mounts.unmount(rootfs, LIMIT)) == Success(None)
        drive(mounts.mount(rootfs, (layer,), LIMIT))
        for _ in range(2):
            assert drive(mounts.unmount(rootfs, LIMIT)) == Success(None)

    def test_a_neighbour_with_a_longer_name_is_left_alone(
        self, drive: Drive, mounts: Mounts, rootfs: str, layer: Mount
    ) -> None:
        neighbour = f"{rootfs}-2"
        drive(mounts.mount(rootfs, (layer,), LIMIT))
        drive(mounts.mount(neighbour, (layer,), LIMIT))
        assert drive(mounts.unmount(rootfs, LIMIT)) == Success(None)
        assert self.mounted(neighbour) == 1
