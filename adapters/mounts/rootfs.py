"""The Mounts port on the kernel's own calls, in the host's mount namespace."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from returns.result import Failure, Result, Success

from adapters.mounts import mount_table, syscalls
from adapters.mounts.options import (
    MS_BIND,
    MS_NOATIME,
    MS_NODEV,
    MS_NODIRATIME,
    MS_NOEXEC,
    MS_NOSUID,
    MS_NOSYMFOLLOW,
    MS_RDONLY,
    MS_RELATIME,
    MS_REMOUNT,
    MountOptions,
    parse,
)
from adapters.mounts.overlay import fits, mount_from_common_folder, mount_layer_by_layer
from adapters.mounts.own_thread import Patience, in_own_thread
from domain.limits import Seconds
from domain.refusal import DeadlinePassed, MountFailed
from domain.request import Mount

ROOTFS_MODE: Final = 0o711
# A bind takes these from its source and ignores what it is told; only a remount sets them.
_OF_ONE_MOUNT: Final = (
    MS_RDONLY
    | MS_NOSUID
    | MS_NODEV
    | MS_NOEXEC
    | MS_NOATIME
    | MS_NODIRATIME
    | MS_RELATIME
    | MS_NOSYMFOLLOW
)
# statvfs(3) says in ST_* what mount(2) takes as MS_*; all but the last two are equal in value.
_ST_RELATIME: Final = 1 << 12
_ST_NOSYMFOLLOW: Final = 1 << 13
# containerd's shim runs mount.fuse for these; the kernel alone would only say ENODEV.
_HELPED: Final = ("fuse.", "fuse3.")
# There is no event for "no longer busy"; MNT_DETACH leaves few ways to be busy at all.
_BUSY_PAUSE_S: Final = 0.05


class LinuxMounts:
    """Root file systems of containers; each call's work is done in a thread of its own."""

    async def mount(
        self, rootfs: str, mounts: tuple[Mount, ...], within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        plan: list[tuple[Mount, MountOptions]] = []
        for each in mounts:
            if each.kind.startswith(_HELPED):
                return Failure(MountFailed(f"{each.kind}: mount helpers are not supported"))
            match parse(each.options):
                case Success(options):
                    plan.append((each, options))
                case Failure(refusal):
                    return Failure(refusal)
        return await _flat(
            f"mount of {rootfs}", within, lambda patience: _mount_all(rootfs, plan, patience)
        )

    async def unmount(
        self, rootfs: str, within: Seconds
    ) -> Result[None, MountFailed | DeadlinePassed]:
        return await _flat(
            f"unmount of {rootfs}", within, lambda patience: _unmount_all(rootfs, patience)
        )


async def _flat(
    name: str, within: Seconds, work: Callable[[Patience], Result[None, MountFailed]]
) -> Result[None, MountFailed | DeadlinePassed]:
    match await in_own_thread(name, within, work):
        case Success(answer):
            return answer  # type: ignore[no-any-return]  # returns' match arms are Any
        case Failure(late):
            return Failure(late)
        case impossible:
            raise AssertionError(impossible)


def _mount_all(
    rootfs: str, plan: list[tuple[Mount, MountOptions]], patience: Patience
) -> Result[None, MountFailed]:
    if not plan:
        return Success(None)
    done: list[str] = []
    try:
        _make(rootfs)
        for each, options in plan:
            _mount_one(rootfs, each, options, done)
            if patience.lost():
                break
    except OSError as error:
        _undo(done)
        return Failure(MountFailed(_told(error)))
    if not patience.answer():
        _undo(done)
    return Success(None)


def _make(rootfs: str) -> None:
    with contextlib.suppress(FileExistsError):
        os.mkdir(rootfs)  # noqa: PTH102 - a str all along, as it came
        os.chmod(rootfs, ROOTFS_MODE)  # noqa: PTH101 - mkdir's own mode is cut by the umask


def _mount_one(rootfs: str, each: Mount, options: MountOptions, done: list[str]) -> None:
    with _inside(rootfs, each.target) as (descriptor, target):
        place = str(Path(target).readlink())
        if each.kind == "overlay" and not fits(options.data):
            _mount_long_overlay(each, descriptor, options)
        else:
            data = ",".join(options.data)
            syscalls.mount(each.source, target, each.kind, options.flags, data)
        if not options.flags & MS_REMOUNT:
            done.append(place)
    # Looked up anew each time: the descriptor is of the folder that the mount has covered.
    if options.propagation:
        with _inside(rootfs, each.target) as (_, target):
            syscalls.mount("", target, "", options.propagation, "")
    asked = (options.flags | options.cleared) & _OF_ONE_MOUNT
    if options.flags & MS_BIND and asked and not options.flags & MS_REMOUNT:
        with _inside(rootfs, each.target) as (_, target):
            flags = _inherited(target) & ~options.cleared | options.flags
            syscalls.mount("", target, "", flags | MS_REMOUNT, "")


def _mount_long_overlay(each: Mount, descriptor: int, options: MountOptions) -> None:
    try:
        mount_layer_by_layer(each.source, descriptor, options.flags, options.data)
    except OSError as newer_way:
        target = f"/proc/self/fd/{descriptor}"
        try:
            mount_from_common_folder(each.source, target, options.flags, options.data)
        except OSError as older_way:
            both = f"{newer_way.strerror}; with shortened paths: {older_way.strerror}"
            raise OSError(older_way.errno, both, each.source) from newer_way


def _inherited(target: str) -> int:
    """The flags that a bind has from its source: a remount would take off what it omits."""
    has = os.statvfs(target).f_flag
    equal = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME
    flags = has & equal
    flags |= MS_RELATIME if has & _ST_RELATIME else 0
    return flags | (MS_NOSYMFOLLOW if has & _ST_NOSYMFOLLOW else 0)


@contextlib.contextmanager
def _inside(rootfs: str, target: str) -> Iterator[tuple[int, str]]:
    """A descriptor of `target` inside `rootfs`, and a path that leads to it and nowhere else."""
    root = os.open(rootfs, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        descriptor = syscalls.open_in_root(root, target)
    finally:
        os.close(root)
    try:
        yield descriptor, f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _undo(done: list[str]) -> None:
    for place in reversed(done):
        with contextlib.suppress(OSError):  # the failure that led here is the one to be told
            syscalls.unmount(place)


def _unmount_all(rootfs: str, patience: Patience) -> Result[None, MountFailed]:
    folder = _as_in_the_table(rootfs)
    while places := mount_table.below(folder, mount_table.MOUNTINFO.read_bytes()):
        refusals = [refusal for place in places if (refusal := _refusal_to_unmount(place))]
        if len(refusals) < len(places):
            continue
        # EINVAL and ENOENT: gone in between, or hidden by one that is taken off later.
        lasting = refusals[0].errno not in (errno.EBUSY, errno.EINVAL, errno.ENOENT)
        if lasting or patience.lost(_BUSY_PAUSE_S):
            return Failure(MountFailed(_told(refusals[0])))
    return Success(None)


def _refusal_to_unmount(place: bytes) -> OSError | None:
    try:
        syscalls.unmount(os.fsdecode(place))
    except OSError as error:
        return error
    return None


def _as_in_the_table(rootfs: str) -> bytes:
    """The kernel shows mounts without symbolic links; the last part is never followed (D23)."""
    path = Path(rootfs)
    return os.fsencode(path.parent.resolve() / path.name)


def _told(error: OSError) -> str:
    about = "" if error.filename is None else f" ({os.fsdecode(error.filename)})"
    return f"{error.strerror}{about}"
