"""Real mounts, as root: the contract, and what only a kernel can show."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from returns.result import Success

from adapters.mounts import mount_table, overlay, rootfs, syscalls
from adapters.mounts.options import MountOptions
from adapters.mounts.own_thread import Patience
from adapters.mounts.rootfs import LinuxMounts
from domain.refusal import MountFailed
from domain.request import Mount
from tests.contracts.drive import Drive
from tests.contracts.mounts_contract import LIMIT, MountsContract


@pytest.fixture
def drive() -> Iterator[Drive]:
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture
def mounts() -> LinuxMounts:
    return LinuxMounts()


@pytest.fixture
def bundle(tmp_path: Path, drive: Drive, mounts: LinuxMounts) -> Iterator[Path]:
    """A bundle's folder; whatever is mounted below is gone after the test."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "b c"
    folder.mkdir()
    yield folder
    assert drive(mounts.unmount(str(folder), LIMIT)) == Success(None)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image"
    (folder / "inside").mkdir(parents=True)
    (folder / "file").write_text("of the image")
    return folder


def _on(folder: Path) -> tuple[bytes, ...]:
    return mount_table.below(os.fsencode(folder), mount_table.MOUNTINFO.read_bytes())


def _flags(folder: Path) -> int:
    return os.statvfs(folder).f_flag


class TestTheKernels(MountsContract):
    @pytest.fixture
    def drive(self, drive: Drive) -> Drive:
        return drive

    @pytest.fixture
    def mounts(self, mounts: LinuxMounts) -> LinuxMounts:
        return mounts

    @pytest.fixture
    def rootfs(self, bundle: Path) -> str:
        return str(bundle / "rootfs")

    @pytest.fixture
    def layer(self, image: Path) -> Mount:
        return Mount("bind", str(image), "", ("rbind", "ro"))

    @pytest.fixture
    def inside(self) -> Mount:
        return Mount("tmpfs", "tmpfs", "/inside", ("size=64k",))

    @pytest.fixture
    def broken(self) -> Mount:
        return Mount("no-such-file-system", "none", "", ())

    def mounted(self, folder: str) -> int:
        return len(_on(Path(folder)))

    def is_there(self, folder: str) -> bool:
        return Path(folder).is_dir()


def test_a_root_folder_that_is_made_has_mode_0711(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    root = bundle / "rootfs"
    old = os.umask(0o077)
    try:
        drive(mounts.mount(str(root), (Mount("tmpfs", "tmpfs", "", ("mode=700",)),), LIMIT))
    finally:
        os.umask(old)
    drive(mounts.unmount(str(root), LIMIT))
    assert stat.S_IMODE(root.stat().st_mode) == 0o711


def test_a_bind_is_read_only_where_it_was_asked_to_be_and_its_source_is_not(
    drive: Drive, mounts: LinuxMounts, bundle: Path, image: Path
) -> None:
    root = bundle / "rootfs"
    layer = Mount("bind", str(image), "", ("bind", "ro", "nodev"))
    assert drive(mounts.mount(str(root), (layer,), LIMIT)) == Success(None)
    with pytest.raises(OSError, match="Read-only"):
        (root / "new").touch()
    assert _flags(root) & os.ST_NODEV
    (image / "new").touch()


def test_a_read_only_bind_keeps_what_its_source_forbids(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    """A remount that named its own flags only would let set-user-ID programs in."""
    source, root = bundle / "source", bundle / "rootfs"
    tmpfs = Mount("tmpfs", "tmpfs", "", ("nosuid", "noexec"))
    drive(mounts.mount(str(source), (tmpfs,), LIMIT))
    drive(mounts.mount(str(root), (Mount("bind", str(source), "", ("bind", "ro")),), LIMIT))
    wanted = os.ST_RDONLY | os.ST_NOSUID | os.ST_NOEXEC
    assert _flags(root) & wanted == wanted


def test_what_was_asked_to_be_off_is_off_in_a_bind(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    source, root = bundle / "source", bundle / "rootfs"
    drive(mounts.mount(str(source), (Mount("tmpfs", "tmpfs", "", ("noexec",)),), LIMIT))
    layer = Mount("bind", str(source), "", ("bind", "exec"))
    drive(mounts.mount(str(root), (layer,), LIMIT))
    assert not _flags(root) & os.ST_NOEXEC


def test_a_remount_changes_the_mount_and_adds_none(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    root = bundle / "rootfs"
    plan = (Mount("tmpfs", "tmpfs", "", ()), Mount("tmpfs", "tmpfs", "", ("remount", "ro")))
    assert drive(mounts.mount(str(root), plan, LIMIT)) == Success(None)
    assert len(_on(root)) == 1
    assert _flags(root) & os.ST_RDONLY


def test_propagation_is_set_after_the_mount(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    root = bundle / "rootfs"
    drive(mounts.mount(str(root), (Mount("tmpfs", "tmpfs", "", ("rshared",)),), LIMIT))
    (line,) = (
        line
        for line in mount_table.MOUNTINFO.read_bytes().splitlines()
        if mount_table.unescaped(line.split(b" ")[4]) == os.fsencode(root)
    )
    assert b" shared:" in line


@pytest.mark.parametrize("target", ["/escape", "../../outside", "escape/../escape"])
def test_a_target_never_leads_out_of_the_root_file_system(
    drive: Drive, mounts: LinuxMounts, bundle: Path, image: Path, target: str
) -> None:
    outside = bundle.parent / "outside"
    outside.mkdir()
    (image / "escape").symlink_to(outside)
    root = bundle / "rootfs"
    plan = (Mount("bind", str(image), "", ("bind",)), Mount("tmpfs", "tmpfs", target, ()))
    refused = drive(mounts.mount(str(root), plan, LIMIT))
    assert isinstance(refused.failure(), MountFailed)
    assert _on(outside) == ()


def test_an_absolute_link_inside_stays_inside(
    drive: Drive, mounts: LinuxMounts, bundle: Path, image: Path
) -> None:
    (image / "link").symlink_to("/inside")
    root = bundle / "rootfs"
    plan = (Mount("bind", str(image), "", ("bind",)), Mount("tmpfs", "tmpfs", "link", ()))
    assert drive(mounts.mount(str(root), plan, LIMIT)) == Success(None)
    assert os.fsencode(root / "inside") in _on(root)


def test_a_root_folder_that_is_a_link_is_refused(
    drive: Drive, mounts: LinuxMounts, bundle: Path, image: Path
) -> None:
    (bundle / "rootfs").symlink_to(image)
    plan = (Mount("tmpfs", "tmpfs", "", ()),)
    refused = drive(mounts.mount(str(bundle / "rootfs"), plan, LIMIT))
    assert isinstance(refused.failure(), MountFailed)
    assert _on(image) == ()


def test_a_bundle_reached_through_a_link_is_unmounted_all_the_same(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    link = bundle.parent / "link"
    link.symlink_to(bundle)
    drive(mounts.mount(str(bundle / "rootfs"), (Mount("tmpfs", "tmpfs", "", ()),), LIMIT))
    assert drive(mounts.unmount(str(link / "rootfs"), LIMIT)) == Success(None)
    assert _on(bundle) == ()


def test_a_busy_root_file_system_is_taken_off_at_once(
    drive: Drive, mounts: LinuxMounts, bundle: Path
) -> None:
    root = bundle / "rootfs"
    drive(mounts.mount(str(root), (Mount("tmpfs", "tmpfs", "", ()),), LIMIT))
    with (root / "open").open("w"):
        assert drive(mounts.unmount(str(root), LIMIT)) == Success(None)
        assert _on(root) == ()


def test_files_that_are_not_mounted_survive_an_unmount(
    drive: Drive, mounts: LinuxMounts, bundle: Path, image: Path
) -> None:
    root = bundle / "rootfs"
    drive(mounts.mount(str(root), (Mount("bind", str(image), "", ("bind",)),), LIMIT))
    drive(mounts.unmount(str(root), LIMIT))
    (root / "left").write_text("somebody's")
    assert drive(mounts.unmount(str(root), LIMIT)) == Success(None)
    assert (root / "left").read_text() == "somebody's"
    assert (image / "file").read_text() == "of the image"


def test_a_helper_is_refused_by_name(drive: Drive, mounts: LinuxMounts, bundle: Path) -> None:
    plan = (Mount("fuse3.fuse-overlayfs", "overlay", "", ()),)
    assert drive(mounts.mount(str(bundle / "rootfs"), plan, LIMIT)).failure() == MountFailed(
        "fuse3.fuse-overlayfs: mount helpers are not supported"
    )


LAYERS = 200


@pytest.fixture
def many_layers(bundle: Path, drive: Drive, mounts: LinuxMounts) -> Mount:
    """An overlay of as many layers as no image has, each with a file of its own."""
    # On a tmpfs of its own: overlayfs takes no overlay, which the test's folder may lie on, as
    # its upper layer.
    disk = bundle / "snapshots-with-a-path-as-long-as-containerd-makes-them"
    drive(mounts.mount(str(disk), (Mount("tmpfs", "tmpfs", "", ()),), LIMIT))
    for number in range(LAYERS):
        (disk / f"{number}/fs").mkdir(parents=True)
        (disk / f"{number}/fs/layer-{number}").touch()
        (disk / f"{number}/fs/top").write_text(str(number))
    for folder in ("upper", "work"):
        (disk / folder).mkdir()
    lower = ":".join(f"{disk}/{number}/fs" for number in range(LAYERS))
    options = ("index=off", f"workdir={disk}/work", f"upperdir={disk}/upper", f"lowerdir={lower}")
    assert not overlay.fits(options)
    return Mount("overlay", "overlay", "", options)


def _assert_whole(root: Path) -> None:
    assert {f"layer-{number}" for number in range(LAYERS)} <= {p.name for p in root.iterdir()}
    assert (root / "top").read_text() == "0"
    (root / "written").touch()


def test_an_overlay_has_as_many_layers_as_it_was_given(
    drive: Drive, mounts: LinuxMounts, bundle: Path, many_layers: Mount
) -> None:
    root = bundle / "rootfs"
    here = Path.cwd()
    assert drive(mounts.mount(str(root), (many_layers,), LIMIT)) == Success(None)
    _assert_whole(root)
    assert Path.cwd() == here


def test_so_it_has_where_the_kernel_takes_no_single_layers(
    drive: Drive,
    mounts: LinuxMounts,
    bundle: Path,
    many_layers: Mount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on Linux 6.1, whose fsconfig(2) knows no `lowerdir+`; here by another name for it."""
    monkeypatch.setattr(overlay, "LAYER", "no-such-option")
    root = bundle / "rootfs"
    here = Path.cwd()
    assert drive(mounts.mount(str(root), (many_layers,), LIMIT)) == Success(None)
    _assert_whole(root)
    assert Path.cwd() == here


def test_an_overlay_that_no_way_can_mount_says_why(
    drive: Drive, mounts: LinuxMounts, bundle: Path, many_layers: Mount
) -> None:
    missing = Mount("overlay", "overlay", "", (*many_layers.options, "workdir=/not/there"))
    refused = drive(mounts.mount(str(bundle / "rootfs"), (missing,), LIMIT))
    assert isinstance(refused.failure(), MountFailed)
    assert _on(bundle / "rootfs") == ()


def test_mounts_that_nobody_waits_for_any_more_are_undone(bundle: Path) -> None:
    root = bundle / "rootfs"
    patience = Patience()
    patience.lose()
    plan = [(Mount("tmpfs", "tmpfs", "", ()), MountOptions())]
    rootfs._mount_all(str(root), plan, patience)
    assert _on(root) == ()


def test_a_failing_call_says_which_and_why() -> None:
    with pytest.raises(FileNotFoundError, match="umount2: No such file"):
        syscalls.unmount("/not/there")
